import { Controller, Get } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { Post } from './post.entity.js';

@Controller('posts')
export class PostsController {
  constructor(@InjectRepository(Post) private readonly posts: Repository<Post>) {}

  @Get()
  async list(): Promise<{ title: string; author: string; tags: string[] }[]> {
    const posts = await this.posts.find({ relations: { author: true, tags: true }, order: { id: 'ASC' } });
    return posts.map(({ title, author, tags }) => ({ title, author: author.name, tags: tags.map((tag) => tag.name) }));
  }
}
