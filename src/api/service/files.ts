import type { RowsAddress } from '../protocol/address.ts'
import type { ApiAnswer, ApiCall } from '../protocol/call.ts'
import { ApiRefusal } from '../protocol/refusals.ts'
import type { Caller } from './caller.ts'
export function readFile(_caller: Caller, _call: ApiCall, _address: RowsAddress): Promise<ApiAnswer> {
  throw new ApiRefusal('not_implemented', 'soon')
}
export function performFile(_caller: Caller, _call: ApiCall, _address: RowsAddress): Promise<ApiAnswer> {
  throw new ApiRefusal('not_implemented', 'soon')
}
