import './schemas-without-eval.ts'
import { mount } from './mount.tsx'

mount(document.getElementById('root')!)
