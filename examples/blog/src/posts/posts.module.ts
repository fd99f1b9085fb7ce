import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { User } from '../users/user.entity.js';
import { Post } from './post.entity.js';
import { PostsController } from './posts.controller.js';
import { Tag } from './tag.entity.js';

@Module({ imports: [TypeOrmModule.forFeature([User, Post, Tag])], controllers: [PostsController] })
export class PostsModule {}
