import { Modal, Title } from '@mantine/core'
import type { ReactNode } from 'react'

/** A dialog over the screen. Escape and a click beside it close it; each dialog has its own button for that, too. */
export function Dialog(props: { opened: boolean; close: () => void; title: string; size?: 'md' | 'xl'; children: ReactNode }) {
  return (
    <Modal.Root opened={props.opened} onClose={props.close} size={props.size ?? 'md'} centered>
      <Modal.Overlay />
      <Modal.Content aria-label={props.title}>
        <Modal.Body p="lg">
          <Title order={2} size="h4" mb="md">
            {props.title}
          </Title>
          {props.children}
        </Modal.Body>
      </Modal.Content>
    </Modal.Root>
  )
}
