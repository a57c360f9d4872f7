"""The index of words beside the table: FTS5 in SQLite, two tsvectors under GIN in PostgreSQL."""

from django.db import migrations

SQLITE = (
    """CREATE VIRTUAL TABLE web_search_words USING fts5(
        scope, kind, title_words, words,
        content='web_searchentry', content_rowid='id', tokenize='unicode61', prefix='3 5', detail='column')""",
    """CREATE TRIGGER web_search_added AFTER INSERT ON web_searchentry BEGIN
        INSERT INTO web_search_words(rowid, scope, kind, title_words, words)
        VALUES (new.id, new.scope, new.kind, new.title_words, new.words); END""",
    """CREATE TRIGGER web_search_removed AFTER DELETE ON web_searchentry BEGIN
        INSERT INTO web_search_words(web_search_words, rowid, scope, kind, title_words, words)
        VALUES ('delete', old.id, old.scope, old.kind, old.title_words, old.words); END""",
    """CREATE TRIGGER web_search_changed AFTER UPDATE ON web_searchentry
        WHEN old.scope != new.scope OR old.title_words != new.title_words OR old.words != new.words BEGIN
        INSERT INTO web_search_words(web_search_words, rowid, scope, kind, title_words, words)
        VALUES ('delete', old.id, old.scope, old.kind, old.title_words, old.words);
        INSERT INTO web_search_words(rowid, scope, kind, title_words, words)
        VALUES (new.id, new.scope, new.kind, new.title_words, new.words); END""",
)
POSTGRESQL = (
    """ALTER TABLE web_searchentry
        ADD COLUMN title_tsv tsvector GENERATED ALWAYS AS (to_tsvector('simple', title_words)) STORED,
        ADD COLUMN all_tsv tsvector GENERATED ALWAYS AS
            (to_tsvector('simple', title_words || ' ' || words)) STORED""",
    "CREATE INDEX web_search_title ON web_searchentry USING gin (title_tsv)",
    "CREATE INDEX web_search_all ON web_searchentry USING gin (all_tsv)",
    "CREATE INDEX web_search_scope ON web_searchentry (scope, kind)",
)
BACK = {
    "sqlite": (
        "DROP TRIGGER web_search_added",
        "DROP TRIGGER web_search_removed",
        "DROP TRIGGER web_search_changed",
        "DROP TABLE web_search_words",
    ),
    "postgresql": (
        "DROP INDEX web_search_scope",
        "ALTER TABLE web_searchentry DROP COLUMN title_tsv, DROP COLUMN all_tsv",
    ),
}


def build(_apps, editor):
    for statement in {"sqlite": SQLITE, "postgresql": POSTGRESQL}[editor.connection.vendor]:
        editor.execute(statement)


def drop(_apps, editor):
    for statement in BACK[editor.connection.vendor]:
        editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("web", "0002_search_entries")]

    operations = [migrations.RunPython(build, drop)]
