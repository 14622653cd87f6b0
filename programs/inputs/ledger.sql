-- A ledger: accounts, transfers between them, and questions about both. What it prints
-- depends on neither clock nor locale.
pragma journal_mode = delete;
create table account(id integer primary key, owner text not null, opened int not null);
create table transfer(
    id integer primary key,
    source int not null references account(id),
    target int not null references account(id),
    cents int not null check (cents > 0),
    day int not null,
    note text
);

begin;
with recursive n(i) as (select 1 union all select i + 1 from n where i < 200)
insert into account
select i, printf('%c%c-%03d', 65 + i * 7 % 26, 97 + i * 11 % 26, i), i * 37 % 365 from n;
with recursive n(i, x) as (
    select 1, 12345
    union all
    select i + 1, (x * 1103515245 + 12345) % 2147483648 from n where i < 20000
)
insert into transfer
select i, 1 + x % 200, 1 + x / 200 % 200, 1 + x / 7 % 99999, x / 3 % 365,
       substr('rent food wage gift fuel book', 1 + i % 6 * 5, 4) || hex(x % 65536)
from n;
commit;

create index transfer_source on transfer(source, day);
create index transfer_note on transfer(note collate nocase);
analyze;

select count(*), sum(cents), min(note), max(note) from transfer;

-- A savepoint that is given up, and one that is kept.
savepoint doubtful;
delete from transfer where id % 3 = 0;
select 'doubtful', count(*) from transfer;
rollback to doubtful;
release doubtful;
savepoint kept;
update transfer set cents = cents + 1 where note like 'rent%';
release kept;
select 'kept', count(*), sum(cents) from transfer where note like 'RENT%';

-- Balances through two indexes, the richest three by a window.
create temp table balance as
select a.id, a.owner,
       coalesce((select sum(cents) from transfer where target = a.id), 0)
       - coalesce((select sum(cents) from transfer where source = a.id), 0) as cents
from account a;
select sum(cents), max(cents), min(cents) from balance;
select place, owner, cents from (
    select owner, cents, rank() over (order by cents desc, owner) as place from balance
) where place <= 3;

-- Running totals, a moving mean, and what comes before.
select day, total, running, round(mean, 2), before from (
    select day, sum(cents) as total,
           sum(sum(cents)) over (order by day) as running,
           avg(sum(cents)) over (order by day rows between 6 preceding and current row) as mean,
           lag(sum(cents), 1, 0) over (order by day) as before
    from transfer group by day
) where day % 73 = 72;

-- Who can be reached from account 1 by large transfers in few steps.
with recursive reach(id, steps) as (
    select 1, 0
    union
    select t.target, r.steps + 1 from reach r join transfer t on t.source = r.id
    where r.steps < 3 and t.cents > 95000
)
select steps, count(distinct id) from reach group by steps;

-- Text and documents.
select upper(substr(note, 1, 4)) as kind, count(*), max(length(note)), max(note like '%4_')
from transfer group by kind having count(*) > 100 order by kind;
select json_group_array(json_object('day', day, 'sum', total)) from (
    select day, sum(cents) as total from transfer where day < 4 group by day
);
select key, value from json_each('{"a": [1, 2.5, null], "b": "\u00e9t\u00e9"}');

delete from transfer where day > 180;
drop index transfer_note;
vacuum;
pragma integrity_check;
pragma foreign_key_check;
select count(*), total(cents) from transfer;
