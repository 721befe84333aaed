import '@mantine/core/styles.css'
import '@mantine/notifications/styles.css'
import './styles.css'
import './picture.css'
import './data.css'
import './sync/sync.css'
import { MantineProvider } from '@mantine/core'
import { Notifications } from '@mantine/notifications'
import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { queryClient } from './lib/api.ts'
import { MessagesProvider } from './lib/messages.tsx'
import { styleNonce } from './lib/style-nonce.ts'
import { router } from './router.tsx'
import { theme } from './theme.ts'

const root = document.getElementById('root')
if (root === null) throw new Error('The page has no root element')

createRoot(root).render(
  <StrictMode>
    <MantineProvider theme={theme} defaultColorScheme="auto" getStyleNonce={styleNonce}>
      <QueryClientProvider client={queryClient}>
        <MessagesProvider>
          <Notifications position="bottom-right" />
          <RouterProvider router={router} />
        </MessagesProvider>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
)
