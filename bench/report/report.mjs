import { describeMachine } from '../setup/machine.mjs';
import { toolVersions } from '../setup/versions.mjs';
import { goalLine } from './goal.mjs';
import { markdownOf } from './table.mjs';

/** When, where, with what and how it was measured. */
export function headOf({ server, minutes, quick, once }) {
  const { processor, memory, system, node } = describeMachine(server.home);
  const versions = Object.entries(toolVersions()).map(([name, version]) => `${name} ${version}`);
  return `# Results

Written by \`npm run bench\`${quick ? ' -- --quick, which only shows that all works: its figures mean nothing' : once ? ' -- --once, so there is one figure each and no median' : ''}, ${new Date().toISOString().slice(0, 10)}, in ${minutes.toFixed(0)} minutes.

- Machine: ${processor}, ${memory}, ${system}, Node ${node.slice(1)}
- PostgreSQL ${server.version} on the same machine, durable as in production: ${server.settings.join(', ')}
- ${versions.join(', ')}

Each figure is the wall clock of a whole process, started without npx and without a shell: the median, (the shortest – the longest), and how many times
what nest-migrate takes. All cells of a column run in turn, A B A B, from three times up, as long as it takes. After each run, what should have been done
is looked up. nest-migrate is installed from its tarball.

Left out: Prisma, whose schema engine does not come from npm but from a server of its own; MikroORM 7, which needs Node 22, so 6 is measured;
ts-node at 1,000 migrations, which would take a good part of the half hour.`;
}

export function sectionOf(title, { tables, goals = [], notes = [], at, minutes }) {
  const when =
    at === undefined ? [] : [`Measured ${at.slice(0, 16).replace('T', ' ')} UTC, in ${minutes.toFixed(1)} minutes.`];
  return [`## ${title}`, ...when, ...notes, ...tables.map(markdownOf), goals.map(goalLine).join('\n')]
    .filter(Boolean)
    .join('\n\n');
}
