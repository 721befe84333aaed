/** A request that the API does not answer, and why. */
export class ApiRefusal extends Error {
  readonly kind: ApiRefusalKind

  constructor(kind: ApiRefusalKind, message: string) {
    super(message)
    this.kind = kind
  }
}

export type ApiRefusalKind = 'sign_in' | 'column' | 'not_found' | 'method' | 'invalid'

/** Status, and the portals Web API's own code where it has one. */
export const refusals: Readonly<Record<ApiRefusalKind, { status: number; code: string }>> = {
  sign_in: { status: 401, code: 'access.sign_in_required' },
  /** AttributePermissionIsMissing */
  column: { status: 403, code: '90040101' },
  /** ResourceDoesNotExists */
  not_found: { status: 404, code: '9004010C' },
  method: { status: 405, code: 'request.method_not_allowed' },
  invalid: { status: 400, code: 'request.invalid' },
}
