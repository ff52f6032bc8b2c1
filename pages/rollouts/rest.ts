import { getAccessToken, getService } from "azure-devops-extension-sdk";

/** Why there is no answer, in a sentence for the reader. */
export class NoAnswer extends Error {}

/** Where the services of Azure DevOps are known by. */
const areas = {
  build: "965220d5-5bb9-42cf-8d67-9b146df2a5a4",
  release: "efc2f575-36ef-48e9-b672-0c6fb4a48ac5",
};

interface Locations {
  getResourceAreaLocation(area: string): Promise<string>;
}

interface Projects {
  getProject(): Promise<{ id: string } | undefined>;
}

/** One service of Azure DevOps, in the project of the page. */
export class Service {
  private constructor(private readonly base: string) {}

  static async of(area: keyof typeof areas): Promise<Service> {
    const locations = await getService<Locations>("ms.vss-features.location-service");
    const projects = await getService<Projects>("ms.vss-tfs-web.tfs-page-data-service");
    const project = await projects.getProject();
    if (!project) throw new NoAnswer("Azure DevOps does not say which project this page is of.");
    const root = await locations.getResourceAreaLocation(areas[area]);
    return new Service(`${root.replace(/\/?$/, "/")}${encodeURIComponent(project.id)}/_apis/`);
  }

  async json<T>(path: (string | number)[], version: string): Promise<T> {
    const text = await this.text(path, version);
    try {
      return JSON.parse(text);
    } catch {
      throw new NoAnswer("Azure DevOps gave an answer that is not JSON. Reload the page.");
    }
  }

  async text(path: (string | number)[], version: string): Promise<string> {
    const address = this.base + path.map(encodeURIComponent).join("/");
    const headers = {
      Accept: `*/*;api-version=${version}`,
      Authorization: `Bearer ${await getAccessToken()}`,
      // Without these an expired sign-in is answered with a redirect to a page, and not with 401.
      "X-TFS-FedAuthRedirect": "Suppress",
      "X-VSS-ReauthenticationAction": "Suppress",
    };
    const answer = await fetch(address, { headers, credentials: "omit" }).catch(() => {
      throw new NoAnswer("Azure DevOps cannot be reached. Check the network, then try again.");
    });
    if (answer.status !== 200) throw new NoAnswer(words(answer.status));
    return answer.text();
  }
}

function words(status: number): string {
  if (status === 401 || status === 203)
    return `Azure DevOps does not take the sign-in of this tab (${status}). Reload the page.`;
  if (status === 403)
    return (
      "Azure DevOps does not let this tab read attachments (403). You need to be allowed to view " +
      "this pipeline, and the organisation to have approved the scopes of the extension."
    );
  if (status === 404)
    return "Azure DevOps has no such run or attachment (404). Its retention may have removed it.";
  return `Azure DevOps has no answer now (${status}). Try again in a moment.`;
}
