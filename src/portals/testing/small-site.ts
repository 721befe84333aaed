import type { SiteFiles } from '../site-folder.ts'

/** The smallest site that has one of everything, for tests of the engine. */
export function smallSite(): SiteFiles {
  return new Map(Object.entries(FILES).map(([path, text]) => [path, Buffer.from(text)]))
}

const FILES: Readonly<Record<string, string>> = {
  'site.yaml': `
name: Test & Sons
languages: [{ code: en, name: English, locale: en-US }, { code: fr, name: Français, locale: fr-FR }]
defaultLanguage: en
theme: [theme/main.css]
markers: { home: '', signIn: signin, profile: profile, invitation: 'invitation/[code]', notFound: not-found, accessDenied: denied, error: error }
`,
  'roles.yaml': 'roles: [{ name: Administrator }, { name: Representative }]',
  'permissions/account.yaml': `
table: account
permissions:
  - { name: All accounts, accessType: global, privileges: [read], roles: [Administrator] }
  - { name: The account, accessType: account, privileges: [read], roles: [Representative] }
`,
  'permissions/contact.yaml': `
table: contact
permissions:
  - { name: Own contact, accessType: self, privileges: [read, write], roles: [Authenticated Users] }
`,
  'templates/layout.liquid': `<!doctype html><html lang="{{ language }}"><head><title>{{ page.title }} {{ site.name }}</title>
{% for sheet in site.theme %}<link rel="stylesheet" href="{{ sheet }}">{% endfor %}</head><body data-live-since="{{ request.timeMs }}">
{% menu 'main' %}<main>{% content %}</main>
<form method="post" action="/language"><input type="hidden" name="_csrf" value="{{ request.csrf }}"></form></body></html>`,
  'templates/page.liquid': '<h1>{{ page.title }}</h1>{% content %}',
  'theme/main.css': 'body { color: black }',
  'menus/main.yaml': 'label: title.home\nlinks: [{ text: title.home, page: "" }, { text: title.admin, page: admin }]',
  'pages/index.liquid': '---\ntitle: title.home\n---\n<p>{% snippet "hello" name: visitor.fullName %}</p>',
  'pages/signin.liquid': '---\ntitle: title.signIn\n---\n{% component "sign-in" %}',
  'pages/profile.liquid': '---\ntitle: title.profile\nroles: [Authenticated Users]\n---\n{% form "profile" %}',
  'pages/invitation/[code].liquid': '---\ntitle: title.home\n---\n{% component "redeem-invitation" %}',
  'pages/not-found.liquid': '---\ntitle: title.notFound\n---\n',
  'pages/denied.liquid': '---\ntitle: title.denied\n---\n',
  'pages/error.liquid': '---\ntitle: title.error\n---\n{{ failure.message }}',
  'pages/echo/[said].liquid':
    '---\ntitle: title.home\n---\n{{ request.params.said }} {% component "echo" said: request.params.said %}',
  'pages/missing.liquid': '---\ntitle: title.home\n---\n{% component "missing" %}',
  'pages/accounts.liquid': '---\ntitle: title.accounts\nroles: [Administrator, Representative]\n---\n{% list "accounts" %}',
  'pages/admin.liquid': '---\ntitle: title.admin\nroles: [Administrator]\n---\nfor administrators',
  'pages/admin/open.liquid': '---\ntitle: title.admin\nroles: [Authenticated Users]\n---\nbelow',
  'lists/accounts.yaml': `
table: account
label: title.accounts
empty: empty
columns: [{ column: name, label: name }, { column: accountnumber, label: number }]
filters: [{ column: accountnumber, label: number, kind: text }]
sort: [{ column: name }]
pageRows: 2
`,
  'forms/profile.yaml': `
table: contact
row: own-contact
submit: save
saved: saved
columns:
  - { column: firstname, label: name, required: true }
  - { column: lastname, label: name, required: true }
  - { column: emailaddress1, label: name, readOnly: true }
  - { column: telephone1, label: number, pattern: '[0-9 +]+', patternMessage: phone }
`,
  'snippets/en.yaml': `
title: { home: Home, signIn: Sign in, profile: Profile, notFound: Not here, denied: Not yours, error: Error, accounts: Accounts, admin: Admin }
hello: Hello {name}
empty: Nothing
name: Name
number: Number
save: Save
saved: Saved
phone: Digits only
`,
  'snippets/fr.yaml': `
title: { home: Accueil, signIn: Connexion, profile: Profil, notFound: Introuvable, denied: Refusé, error: Erreur, accounts: Comptes, admin: Admin }
hello: Bonjour {name}
empty: Rien
name: Nom
number: Numéro
save: Enregistrer
saved: Enregistré
phone: Des chiffres
`,
}
