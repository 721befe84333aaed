import { autocompletion, type CompletionContext, type CompletionResult, completionKeymap } from '@codemirror/autocomplete'
import { defaultKeymap, indentWithTab } from '@codemirror/commands'
import { yaml } from '@codemirror/lang-yaml'
import { bracketMatching, syntaxHighlighting } from '@codemirror/language'
import { type Diagnostic, lintGutter, lintKeymap, setDiagnostics } from '@codemirror/lint'
import { EditorState, Transaction } from '@codemirror/state'
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view'
import { classHighlighter } from '@lezer/highlight'
import { useEffect, useRef } from 'react'
import type { Finding, MapSchemas } from '#dual-write/facets-control.ts'
import { styleNonce } from '../../lib/style-nonce.ts'
import { sentence } from './finding-list.tsx'

type TextProps = {
  label: string
  text: string
  schemas: MapSchemas
  findings: readonly Finding[]
  /** Line to show; each new one is gone to, also where it is the same line again. */
  place: { line: number } | undefined
  change: (text: string) => void
  undo: () => void
  redo: () => void
}

/** The map as it is written. Undo is the document's own, so that it goes back over what the forms have changed, too. */
export function YamlText(props: TextProps) {
  const { text, findings, place } = props
  const frame = useRef<HTMLDivElement>(null)
  const view = useRef<EditorView>(undefined)
  const latest = useRef(props)
  latest.current = props

  useEffect(() => {
    if (frame.current === null) return
    const editor = new EditorView({
      parent: frame.current,
      state: EditorState.create({ doc: latest.current.text, extensions: extensionsFor(latest) }),
    })
    view.current = editor
    return () => editor.destroy()
  }, [])
  useEffect(() => {
    const editor = view.current
    if (editor !== undefined) replaceText(editor, text)
  }, [text])
  useEffect(() => {
    const editor = view.current
    if (editor !== undefined) editor.dispatch(setDiagnostics(editor.state, diagnosticsOf(editor.state, findings)))
  }, [findings])
  useEffect(() => {
    const editor = view.current
    if (editor === undefined || place === undefined || place.line > editor.state.doc.lines) return
    const { from } = editor.state.doc.line(place.line)
    editor.dispatch({ selection: { anchor: from }, effects: EditorView.scrollIntoView(from, { y: 'center' }) })
    editor.focus()
  }, [place])
  return <div ref={frame} className="yaml-text" />
}

function extensionsFor(latest: { current: TextProps }) {
  const undo = () => {
    latest.current.undo()
    return true
  }
  const redo = () => {
    latest.current.redo()
    return true
  }
  return [
    EditorView.cspNonce.of(styleNonce()),
    lineNumbers(),
    highlightActiveLine(),
    drawSelection(),
    bracketMatching(),
    yaml(),
    syntaxHighlighting(classHighlighter),
    lintGutter(),
    autocompletion({ override: [(context) => complete(context, latest.current.schemas)] }),
    keymap.of([
      { key: 'Mod-z', run: undo },
      { key: 'Mod-y', mac: 'Mod-Shift-z', run: redo },
      ...completionKeymap,
      ...lintKeymap,
      ...defaultKeymap,
      // Escape leaves the field for whoever goes by keyboard: then Tab goes on.
      indentWithTab,
    ]),
    EditorView.lineWrapping,
    EditorView.contentAttributes.of({ 'aria-label': latest.current.label, tabindex: '0' }),
    EditorView.updateListener.of((update) => {
      const isTyped = update.transactions.some((one) => one.docChanged && one.annotation(Transaction.remote) !== true)
      if (isTyped) latest.current.change(update.state.doc.toString())
    }),
  ]
}

/** Only what differs is replaced, so that the cursor stays where it is. */
function replaceText(editor: EditorView, text: string): void {
  const now = editor.state.doc.toString()
  if (now === text) return
  let start = 0
  while (start < now.length && now[start] === text[start]) start++
  let tail = 0
  while (tail < Math.min(now.length, text.length) - start && now.at(-1 - tail) === text.at(-1 - tail)) tail++
  editor.dispatch({
    changes: { from: start, to: now.length - tail, insert: text.slice(start, text.length - tail) },
    annotations: Transaction.remote.of(true),
  })
}

function diagnosticsOf(state: EditorState, findings: readonly Finding[]): Diagnostic[] {
  return findings.map((one) => {
    const line = state.doc.line(Math.min(Math.max(one.line ?? 1, 1), state.doc.lines))
    const message = `${sentence(one.message)} ${sentence(one.remedy)} (${one.code})`
    return { from: line.from + line.text.search(/\S|$/), to: line.to, severity: one.severity, message }
  })
}

const PROPERTIES = [
  'field',
  'dir',
  'column',
  'constant',
  'default',
  'values',
  'unmapped',
  'toPortal',
  'toErp',
  'case',
  'else',
  'wins',
]

/** What can stand after the name of a property; else the names themselves. */
function complete(context: CompletionContext, schemas: MapSchemas): CompletionResult | null {
  const word = context.matchBefore(/[\w.()'=<>-]*/)
  const before = context.state.doc
    .lineAt(context.pos)
    .text.slice(0, (word?.from ?? context.pos) - context.state.doc.lineAt(context.pos).from)
  const property = /(\w+):\s*$/.exec(before)?.[1]
  const options =
    property === undefined ? (/[{,]\s*$/.test(before) ? PROPERTIES.map((one) => `${one}: `) : []) : valuesOf(property, schemas)
  if (options.length === 0 || word === null || (word.from === word.to && !context.explicit && property === undefined)) return null
  return { from: word.from, options: options.map((label) => ({ label })) }
}

function valuesOf(property: string, schemas: MapSchemas): string[] {
  switch (property) {
    case 'field':
      return (schemas.fields ?? []).map((one) => one.name)
    case 'column':
      return schemas.columns.filter((one) => !one.readOnly).flatMap((one) => (one.paths.length === 0 ? [one.name] : one.paths))
    case 'else':
      return schemas.columns.map((one) => one.name)
    case 'values':
      return schemas.lists.map((one) => one.name)
    case 'dir':
      return ["'='", "'>'", "'<'", "'><'", "'>>'", "'<<'"]
    case 'unmapped':
      return ['pass', 'default', 'hold', 'empty']
    case 'wins':
      return ['erp', 'portal', 'newest']
    case 'key':
      return schemas.keys.map((one) => one.name)
    default:
      return []
  }
}
