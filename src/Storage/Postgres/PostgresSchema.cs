using Amalgam.ControlPlane.Ports;
using Npgsql;

namespace Amalgam.Storage.Postgres;

/// <summary>
/// Three tables in a schema of their own. `journal`: append-only, refused to be changed by triggers, each row with the epoch of the leader that wrote it. `leader`: one row, whose
/// epoch is its key: an append holds that row FOR KEY SHARE, so that it waits for a change of leadership and the other way round, but not for a renewal. `about`: the format.
/// </summary>
internal static class PostgresSchema
{
    public const int FormatVersion = 1;

    /// <summary>"Amal": the first half of the keys of the advisory locks.</summary>
    public const int LockSpace = 0x416D616C;

    /// <summary>Makes the schema where there is none; refuses one of a newer release.</summary>
    public static void Prepare(NpgsqlConnection connection, PostgresAddress store)
    {
        if (Version(connection, store) is { } version)
        {
            Check(version, store);
            return;
        }

        using var transaction = connection.BeginTransaction();
        // Two that start at once: the second waits here and then finds what the first made.
        Run(connection, $"SELECT pg_advisory_xact_lock({LockSpace}, 0)");
        if (Version(connection, store) is null)
        {
            Run(connection, Make(store.Schema));
        }

        transaction.Commit();
    }

    /// <summary>What a control plane needs and no more: nothing in the journal can be changed with these rights.</summary>
    public static void Grant(NpgsqlConnection connection, PostgresAddress store, string role)
    {
        var (schema, to) = (store.Schema, Quote(role));
        Run(connection, $"""
            GRANT USAGE ON SCHEMA {schema} TO {to};
            GRANT SELECT, INSERT ON {schema}.journal TO {to};
            GRANT SELECT, UPDATE ON {schema}.leader TO {to};
            GRANT SELECT ON {schema}.about TO {to};
            """);
    }

    /// <summary>The format of what is there; null for nothing.</summary>
    public static int? Version(NpgsqlConnection connection, PostgresAddress store)
    {
        var (about, journal) = (Exists(connection, $"{store.Schema}.about"), Exists(connection, $"{store.Schema}.journal"));
        if (!about)
        {
            return journal ? throw new JournalException($"{store}: the schema {store.Schema} is not Amalgam's: choose another with ?schema=NAME") : null;
        }

        using var select = new NpgsqlCommand($"SELECT format FROM {store.Schema}.about WHERE application = 'amalgam'", connection);
        return select.ExecuteScalar() as int? ?? throw new JournalException($"{store}: the schema {store.Schema} is not Amalgam's: choose another with ?schema=NAME");
    }

    public static void Check(int version, PostgresAddress store)
    {
        if (version > FormatVersion)
        {
            throw new JournalException($"{store} was written by a newer Amalgam (format {version}, this one reads {FormatVersion}): upgrade, or use another store");
        }
    }

    /// <summary>A database that loses commits on purpose is none for a ledger.</summary>
    public static void CheckDurability(NpgsqlConnection connection, PostgresAddress store)
    {
        using var show = new NpgsqlCommand("SELECT current_setting('fsync'), current_setting('synchronous_commit')", connection);
        using var row = show.ExecuteReader();
        row.Read();
        var (fsync, commit) = (row.GetString(0), row.GetString(1));
        row.Close();
        if (fsync != "on")
        {
            throw new JournalException($"{store}: the server runs with fsync = {fsync}, so what it acknowledges may be lost: set fsync = on");
        }

        if (commit == "off")
        {
            Run(connection, "SET synchronous_commit = on");
        }
    }

    public static void Run(NpgsqlConnection connection, string sql)
    {
        using var command = new NpgsqlCommand(sql, connection);
        command.ExecuteNonQuery();
    }

    private static bool Exists(NpgsqlConnection connection, string table)
    {
        using var select = new NpgsqlCommand("SELECT EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2)", connection);
        select.Parameters.Add(new() { Value = table.Split('.')[0] });
        select.Parameters.Add(new() { Value = table.Split('.')[1] });
        return (bool)select.ExecuteScalar()!;
    }

    private static string Quote(string role) => $"\"{role.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private static string Make(string schema) => $"""
        CREATE SCHEMA IF NOT EXISTS {schema};
        CREATE TABLE {schema}.about (application text PRIMARY KEY, format int NOT NULL);
        CREATE TABLE {schema}.leader (
            epoch bigint PRIMARY KEY, one boolean NOT NULL DEFAULT true UNIQUE CHECK (one), renewals bigint NOT NULL, holder text, address text) WITH (fillfactor = 10);
        CREATE TABLE {schema}.journal (sequence bigint PRIMARY KEY, epoch bigint NOT NULL, hash bytea NOT NULL, body bytea NOT NULL);
        CREATE FUNCTION {schema}.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the journal is append-only'; END $$;
        CREATE TRIGGER journal_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON {schema}.journal FOR EACH STATEMENT EXECUTE FUNCTION {schema}.refuse();
        INSERT INTO {schema}.about VALUES ('amalgam', {FormatVersion});
        INSERT INTO {schema}.leader (epoch, renewals) VALUES (0, 0);
        """;
}
