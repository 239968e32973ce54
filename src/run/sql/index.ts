export { querySql, type SqlAnswer, type SqlQuestion, type SqlValue } from "./database.ts";
export { SQL_TABLES, type SqlTable } from "./tables.ts";
