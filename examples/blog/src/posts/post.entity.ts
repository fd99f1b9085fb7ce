import {
  Column,
  CreateDateColumn,
  Entity,
  Index,
  JoinTable,
  ManyToMany,
  ManyToOne,
  PrimaryGeneratedColumn,
} from 'typeorm';
import type { Relation } from 'typeorm';
import { User } from '../users/user.entity.js';
import { Tag } from './tag.entity.js';

@Entity('posts')
export class Post {
  @PrimaryGeneratedColumn('identity', { generatedIdentity: 'BY DEFAULT' })
  id!: number;

  @Column('text')
  title!: string;

  @CreateDateColumn({ type: 'timestamptz' })
  publishedAt!: Date;

  @Index('posts_author')
  @ManyToOne(() => User, (user) => user.posts, { nullable: false, onDelete: 'CASCADE' })
  author!: Relation<User>;

  @ManyToMany(() => Tag)
  @JoinTable({ name: 'posts_tags', joinColumn: { name: 'postId' }, inverseJoinColumn: { name: 'tagId' } })
  tags!: Relation<Tag[]>;
}
