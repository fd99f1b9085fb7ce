export { MigrationsCommandsModule } from './migrations-commands.module.js';
