import 'reflect-metadata';
import { DataSource, EntitySchema } from 'typeorm';
import { openShadow } from './dist/esm/shadow/shadow.js';
import { createEntities } from './dist/esm/shadow/entities.js';
import { readSchema } from './dist/esm/schema/read.js';
import { compareSchemas } from './dist/esm/schema/compare.js';
const t0=Date.now(); const lap=(s)=>console.log(s, Date.now()-t0);
const U = new EntitySchema({name:'User', tableName:'users', columns:{id:{type:'int',primary:true,generated:true}, name:{type:'varchar',length:50}}});
const P = new EntitySchema({name:'Post', tableName:'posts', columns:{id:{type:'int',primary:true,generated:true}, title:{type:'text', default:'x'}, mood:{type:'enum', enum:['a','b'], default:'a'}}, relations:{author:{type:'many-to-one', target:'User', nullable:false, onDelete:'CASCADE'}}, indices:[{columns:['title']}]});
const ds = new DataSource({type:'postgres', entities:[U,P], migrations:[]});
const a = await openShadow(ds,{}); lap('open');
const empty = await readSchema(a.pool,{ignoreTables:[]}); lap('read empty');
await createEntities(a.dataSource, (sql)=>a.pool.query(sql)); lap('entities');
const full = await readSchema(a.pool,{ignoreTables:[]}); lap('read');
for (const c of await compareSchemas(empty, full)) console.log(c.sql);
lap('compare');
for (const c of await compareSchemas(full, empty)) console.log(c.sql);
await a.close(); lap('close');
process.exit()
