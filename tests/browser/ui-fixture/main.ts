import { mount } from 'svelte';
import App from '../../../src/ui/app.svelte';
import { FakeKiosk, type Scene } from './fake-kiosk.ts';

const query = new URLSearchParams(location.search);
const kiosk = new FakeKiosk(
  (query.get('scene') ?? 'running') as Scene,
  query.get('bundles') === 'none' ? 'none' : 'some',
  query.get('rig') === 'wide',
);
const target = document.getElementById('app');
if (!target) throw new Error('no #app');
mount(App, { target, props: { kiosk } });
Object.assign(globalThis, { fake: kiosk });
