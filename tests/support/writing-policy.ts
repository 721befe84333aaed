/** Permissions for tests of writing: by account, by column, by the row's state, through a parent. */
export const WRITING_POLICY = {
  'roles.yaml': 'roles: [{ name: Buyer }, { name: Clerk }, { name: Chief }]',
  'permissions/account.yaml': `
table: account
permissions:
  - { name: the account, accessType: account, privileges: [read, append, appendTo], roles: [Buyer, Clerk] }
  - { name: all accounts, accessType: global, privileges: [read, create, write, delete, append, appendTo], roles: [Chief] }`,
  'permissions/contact.yaml': `
table: contact
permissions:
  - { name: contacts, accessType: account, relationship: parentcustomerid, privileges: [read, create, append, appendTo], roles: [Buyer] }
  - { name: names, accessType: account, relationship: parentcustomerid, privileges: [write], roles: [Buyer], columns: [firstname, lastname, parentcustomerid, emailaddress1] }
  - { name: phones of the present, accessType: account, relationship: parentcustomerid, privileges: [write], roles: [Buyer], columns: [telephone1], where: statecode eq 0 }
  - { name: all contacts, accessType: global, privileges: [read, create, write, delete, append, appendTo], roles: [Chief] }`,
  'permissions/salesorder.yaml': `
table: salesorder
permissions:
  - { name: orders, accessType: account, relationship: customerid, privileges: [read], roles: [Buyer, Clerk] }
  - { name: open orders, accessType: account, relationship: customerid, privileges: [create, write, delete, append, appendTo], roles: [Buyer], where: statecode eq 0 }
  - { name: all orders, accessType: global, privileges: [read, create, write, delete, append, appendTo], roles: [Chief] }`,
  'permissions/salesorderdetail.yaml': `
table: salesorderdetail
permissions:
  - { name: lines, accessType: parent, parent: { permission: open orders, through: salesorderid }, privileges: [read, create, write, delete, append], roles: [Buyer] }
  - { name: all lines, accessType: parent, parent: { permission: all orders, through: salesorderid }, privileges: [read, create, write, delete, append], roles: [Chief] }`,
  'permissions/cdm_company.yaml': `
table: cdm_company
permissions: [{ name: companies, accessType: global, privileges: [read, appendTo], roles: [Buyer, Clerk, Chief] }]`,
}
