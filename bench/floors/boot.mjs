// Boots a Nest app in the project's folder and says how long that took inside the process: `with` nest-migrate, or `without`.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const require = createRequire(join(process.cwd(), 'package.json'));
const load = (name) => import(pathToFileURL(require.resolve(name)).href);

await load('reflect-metadata');
const { Module } = await load('@nestjs/common');
const { NestFactory } = await load('@nestjs/core');

async function databaseModule() {
  if (process.argv[2] === 'without') {
    const { TypeOrmModule } = await load('@nestjs/typeorm');
    return TypeOrmModule.forRoot({ type: 'postgres', url: process.env.DATABASE_URL, entities: ['entities/*.js'] });
  }
  const { MigrationsModule } = await load('nest-migrate');
  return MigrationsModule.forRoot({ dataSource: require(join(process.cwd(), 'data-source.js')).default });
}

class AppModule {}
Module({ imports: [await databaseModule()] })(AppModule);

const started = performance.now();
const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error', 'warn'] });
const seconds = (performance.now() - started) / 1000;
await app.close();
process.stdout.write(JSON.stringify({ seconds }));
