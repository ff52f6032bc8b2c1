import { load } from "./packed";

load("host.js");
