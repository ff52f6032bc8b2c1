import { randomUUID } from "node:crypto";
import { type Call, nameOf, verbOf } from "./call";
import type { KubeObject } from "./objects";
import { detailsOf, refusalWords } from "./refusal";
import { resourceNamed } from "./resources";
import { StatusError } from "./status";
import type { Store } from "./store";

/** `rbac.authorization.k8s.io/v1`, PolicyRule. */
interface PolicyRule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
  resourceNames?: string[];
}

interface Role extends KubeObject {
  rules: PolicyRule[] | null;
}

interface RoleBinding extends KubeObject {
  roleRef: { kind: string; name: string };
  subjects?: { kind: string; name: string; namespace?: string }[];
}

const roles = resourceNamed("roles");
const roleBindings = resourceNamed("rolebindings");

/**
 * Who asks, and what roles let them do: role-based access control. Whoever shows no token of a
 * service account may do everything.
 */
export class Rights {
  /** The account that each token is of, as `NAMESPACE:NAME`. */
  private readonly accounts = new Map<string, string>();

  constructor(private readonly store: Store) {}

  /** A new token of a service account. */
  tokenOf(namespace: string, name: string): string {
    const token = randomUUID();
    this.accounts.set(token, `${namespace}:${name}`);
    return token;
  }

  /** Throws Forbidden where the account of the call's token may not do what it asks. */
  check(call: Call): void {
    const account = this.accounts.get(call.token);
    if (account === undefined) return;
    if (this.rulesOf(account, call.namespace).some((rule) => allows(rule, call))) return;
    const user = `system:serviceaccount:${account}`;
    throw new StatusError(403, refusalWords(403, call, 0, user), detailsOf(call));
  }

  private rulesOf(account: string, namespace: string | undefined): PolicyRule[] {
    if (namespace === undefined) return [];
    const bindings = this.store.list(roleBindings, namespace) as RoleBinding[];
    const bound = bindings.filter(({ subjects = [] }) =>
      subjects.some(
        (each) =>
          each.kind === "ServiceAccount" &&
          `${each.namespace ?? namespace}:${each.name}` === account,
      ),
    );
    return bound.flatMap(({ roleRef }) => {
      const role = this.store.find(roles, namespace, roleRef.name) as Role | undefined;
      return role?.rules ?? [];
    });
  }
}

function allows(rule: PolicyRule, call: Call): boolean {
  const { resource, subresource } = call;
  const what = [resource.plural, subresource].filter(Boolean).join("/");
  const has = (list: string[], wanted: string) => list.includes("*") || list.includes(wanted);
  if (!has(rule.apiGroups, resource.group)) return false;
  if (!has(rule.resources, what) || !has(rule.verbs, verbOf(call))) return false;
  const { resourceNames = [] } = rule;
  const name = nameOf(call);
  return resourceNames.length === 0 || (name !== undefined && resourceNames.includes(name));
}
