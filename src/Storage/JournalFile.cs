using Amalgam.ControlPlane.Ports;
using Amalgam.Core.Journal;
using Microsoft.Data.Sqlite;

namespace Amalgam.Storage;

/// <summary>The journal's file: schema, reading, checking, copying.</summary>
public static class JournalFile
{
    private const int ApplicationId = 0x416D616C; // "Amal"

    /// <summary>Opens, and makes the schema where the file is new.</summary>
    internal static SqliteConnection Open(string path, bool writable)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = path, Mode = writable ? SqliteOpenMode.ReadWriteCreate : SqliteOpenMode.ReadOnly, Pooling = false,
        }.ToString());
        connection.Open();
        try
        {
            Prepare(connection, path, writable);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Walks the chain. Throws <see cref="JournalException"/> naming the first damaged record.</summary>
    public static (long Records, string LastHash) Verify(string path)
    {
        try
        {
            using var connection = Open(path, writable: false);
            long count = 0;
            foreach (var record in ReadAll(connection))
            {
                count = record.Sequence;
            }

            return (count, Convert.ToHexStringLower(End(connection).Hash));
        }
        catch (SqliteException wrong)
        {
            throw new JournalException(Explain(path, wrong), wrong);
        }
    }

    /// <summary>Every record, checked as it is read, of a journal that may be in use. Throws <see cref="JournalException"/> when it is damaged or none.</summary>
    public static IEnumerable<JournalRecord> Read(string path)
    {
        using var connection = OpenToRead(path);
        if (Convert.ToInt64(Scalar(connection, "SELECT count(*) FROM sqlite_schema WHERE name = 'journal'"), null) == 0)
        {
            throw new JournalException($"{path} holds no journal: give the journal.db of a data directory; a running cloud's is copied with `amalgam backup`, not by hand");
        }

        foreach (var record in ReadAll(connection))
        {
            yield return record;
        }
    }

    private static SqliteConnection OpenToRead(string path)
    {
        try
        {
            return Open(path, writable: false);
        }
        catch (SqliteException wrong)
        {
            throw new JournalException(Explain(path, wrong), wrong);
        }
    }

    /// <summary>A consistent copy of a journal that may be in use.</summary>
    public static void Copy(string from, string to)
    {
        try
        {
            using var source = Open(from, writable: false);
            using var target = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = to, Pooling = false }.ToString());
            target.Open();
            source.BackupDatabase(target);
        }
        catch (SqliteException wrong)
        {
            throw new JournalException($"cannot copy the journal to {to}: {wrong.Message}", wrong);
        }
    }

    internal static IEnumerable<JournalRecord> ReadAll(SqliteConnection connection)
    {
        using var select = connection.CreateCommand();
        select.CommandText = "SELECT sequence, hash, body FROM journal ORDER BY sequence";
        using var rows = Begin(select);
        var chain = new JournalChain();
        while (Next(rows, chain.Sequence + 1))
        {
            // What a damaged page calls a row may have any type.
            if (rows[0] is not long sequence || rows[1] is not byte[] found || rows[2] is not byte[] body)
            {
                throw JournalChain.Damaged(chain.Sequence + 1, "it is no record");
            }

            yield return chain.Read(new JournalRow(sequence, found, body));
        }
    }

    /// <summary>Where the next record is chained to.</summary>
    internal static JournalChain End(SqliteConnection connection)
    {
        using var select = connection.CreateCommand();
        select.CommandText = "SELECT sequence, hash FROM journal ORDER BY sequence DESC LIMIT 1";
        using var row = select.ExecuteReader();
        return row.Read() ? new JournalChain(row.GetInt64(0), (byte[])row[1]) : new JournalChain();
    }

    /// <summary>Makes a new journal file of rows that were checked by their reader, in one transaction.</summary>
    internal static void Write(string path, IEnumerable<JournalRow> rows)
    {
        using var connection = Open(path, writable: true);
        using var transaction = connection.BeginTransaction();
        using var insert = connection.CreateCommand();
        insert.CommandText = "INSERT INTO journal (sequence, hash, body) VALUES ($sequence, $hash, $body)";
        var (sequence, hash, body) = (insert.Parameters.Add("$sequence", SqliteType.Integer), insert.Parameters.Add("$hash", SqliteType.Blob), insert.Parameters.Add("$body", SqliteType.Blob));
        foreach (var row in rows)
        {
            (sequence.Value, hash.Value, body.Value) = (row.Sequence, row.Hash, row.Body);
            insert.ExecuteNonQuery();
        }

        transaction.Commit();
    }

    /// <summary>The rows of a journal file, each checked by the chain.</summary>
    internal static IEnumerable<JournalRow> Rows(string path)
    {
        using var connection = OpenToRead(path);
        using var select = connection.CreateCommand();
        select.CommandText = "SELECT sequence, hash, body FROM journal ORDER BY sequence";
        using var rows = Begin(select);
        var chain = new JournalChain();
        while (Next(rows, chain.Sequence + 1))
        {
            var row = new JournalRow(rows.GetInt64(0), (byte[])rows[1], (byte[])rows[2]);
            chain.Pass(row);
            yield return row;
        }
    }

    internal static string Explain(string path, SqliteException wrong) => wrong.SqliteErrorCode switch
    {
        5 or 6 => $"{path} is in use by another program: stop it first",
        8 or 14 => $"{path} cannot be opened for writing: check that the folder exists and is yours",
        10 or 13 => $"{path}: the disk failed or is full ({wrong.Message}): free space, then start again",
        11 or 26 => $"{path} is damaged or no journal ({wrong.Message}): restore a backup with `amalgam restore FILE`",
        _ => $"{path}: {wrong.Message}",
    };

    private static void Prepare(SqliteConnection connection, string path, bool writable)
    {
        var version = Convert.ToInt32(Scalar(connection, "PRAGMA user_version"), null);
        var application = Convert.ToInt32(Scalar(connection, "PRAGMA application_id"), null);
        var isNew = Convert.ToInt64(Scalar(connection, "SELECT count(*) FROM sqlite_schema"), null) == 0;
        if (!isNew && application != ApplicationId)
        {
            throw new JournalException($"{path} is a SQLite file, but not a journal of Amalgam: choose another data directory");
        }

        if (version > SqliteJournal.FormatVersion)
        {
            throw new JournalException($"{path} was written by a newer Amalgam (journal format {version}, this one reads {SqliteJournal.FormatVersion}): upgrade, or use another --data directory");
        }

        if (writable)
        {
            Scalar(connection, "PRAGMA journal_mode = WAL");
            Scalar(connection, "PRAGMA synchronous = FULL");
        }

        if (isNew && writable)
        {
            Scalar(connection, $"""
                CREATE TABLE journal (sequence INTEGER PRIMARY KEY, hash BLOB NOT NULL, body BLOB NOT NULL) STRICT;
                CREATE TRIGGER journal_never_updated BEFORE UPDATE ON journal BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
                CREATE TRIGGER journal_never_deleted BEFORE DELETE ON journal BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
                PRAGMA application_id = {ApplicationId};
                PRAGMA user_version = {SqliteJournal.FormatVersion};
                """);
        }
    }

    private static SqliteDataReader Begin(SqliteCommand select)
    {
        try
        {
            return select.ExecuteReader();
        }
        catch (SqliteException wrong)
        {
            throw JournalChain.Damaged(1, wrong.Message);
        }
    }

    private static bool Next(SqliteDataReader rows, long expected)
    {
        try
        {
            return rows.Read();
        }
        catch (SqliteException wrong)
        {
            throw JournalChain.Damaged(expected, wrong.Message);
        }
    }

    private static object? Scalar(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }
}
