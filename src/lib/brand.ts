/** A type that only its parser can make: `type AccountId = Brand<string, 'AccountId'>`. */
export type Brand<T, Name extends string> = T & { readonly __brand: Name }
