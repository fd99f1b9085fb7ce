import { Module } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { TerminusModule } from '@nestjs/terminus';
import { MigrationsModule } from 'nest-migrate';
import type { OnBootstrap } from 'nest-migrate';
import dataSource from '../../../data-source.js';
import { HealthController } from './health/health.controller.js';
import { PostsModule } from './posts/posts.module.js';

@Module({
  imports: [
    ConfigModule.forRoot({ isGlobal: true }),
    MigrationsModule.forRootAsync({
      inject: [ConfigService],
      useFactory: (config: ConfigService) => ({
        dataSource,
        onBootstrap: config.get<OnBootstrap>('MIGRATIONS', 'run'),
      }),
    }),
    TerminusModule,
    PostsModule,
  ],
  controllers: [HealthController],
})
export class AppModule {}
