import { Button, Group, Text, TextInput } from '@mantine/core'
import { useDebouncedCallback, useHotkeys } from '@mantine/hooks'
import { useRef, useState } from 'react'
import { useWords } from '../lib/messages.tsx'
import { SearchIcon } from './icons.tsx'

const TYPING_PAUSE_MS = 200

/** A search box that searches while one types; the key `/` leads to it from anywhere on the screen. */
export function SearchBox(props: { label: string; value: string; onSearch: (value: string) => void }) {
  const [typed, setTyped] = useState(props.value)
  const input = useRef<HTMLInputElement>(null)
  const search = useDebouncedCallback(props.onSearch, TYPING_PAUSE_MS)
  useHotkeys([['/', () => input.current?.focus()]])
  return (
    <TextInput
      ref={input}
      type="search"
      className="search"
      aria-label={props.label}
      placeholder={props.label}
      leftSection={<SearchIcon size={17} />}
      value={typed}
      onChange={(event) => {
        setTyped(event.currentTarget.value)
        search(event.currentTarget.value)
      }}
    />
  )
}

/** How many there are, and the way to the next page; the way back is the browser's own. */
export function ListFoot(props: {
  shown: number
  total: number
  first: boolean
  onFirst: () => void
  onNext: (() => void) | undefined
}) {
  const { t } = useWords()
  return (
    <Group justify="space-between" mt="md">
      <Text size="sm" c="dimmed" role="status">
        {t('list.count', { total: props.total })}
      </Text>
      <Group gap="xs">
        {!props.first && (
          <Button variant="default" size="xs" onClick={props.onFirst}>
            {t('list.first')}
          </Button>
        )}
        {props.onNext !== undefined && (
          <Button variant="default" size="xs" onClick={props.onNext}>
            {t('list.next')}
          </Button>
        )}
      </Group>
    </Group>
  )
}
