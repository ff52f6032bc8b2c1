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
 * What roles let a service account do: role-based access control. Whoever impersonates none may do
 * everything.
 */
export class Rights {
  constructor(private readonly store: Store) {}

  /** Throws Forbidden where the call is in the name of an account that may not do what it asks. */
  check(call: Call): void {
    const [, account] = /^system:serviceaccount:(.+)$/.exec(call.user) ?? [];
    if (account === undefined) return;
    if (this.rulesOf(account, call.namespace).some((rule) => allows(rule, call))) return;
    throw new StatusError(403, refusalWords(403, call, 0, call.user), detailsOf(call));
  }

  /** The rules for an account, which is given as `NAMESPACE:NAME`. */
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
