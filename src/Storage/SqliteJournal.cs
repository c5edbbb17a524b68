using Amalgam.ControlPlane.Ports;
using Amalgam.Core.Journal;
using Microsoft.Data.Sqlite;

namespace Amalgam.Storage;

/// <summary>The journal as one SQLite table in WAL mode, synchronous=FULL: a commit is on disk when it returns.</summary>
public sealed class SqliteJournal : IJournal, IDisposable
{
    /// <summary>Raised by a release that older ones cannot read.</summary>
    public const int FormatVersion = 1;

    private readonly SqliteConnection _connection;
    private readonly SqliteCommand _insert;
    private readonly SqliteParameter _sequence, _hash, _body;
    private readonly GroupCommit _writing;

    private SqliteJournal(SqliteConnection connection)
    {
        _connection = connection;
        _insert = connection.CreateCommand();
        _insert.CommandText = "INSERT INTO journal (sequence, hash, body) VALUES ($sequence, $hash, $body)";
        (_sequence, _hash, _body) = (_insert.Parameters.Add("$sequence", SqliteType.Integer), _insert.Parameters.Add("$hash", SqliteType.Blob), _insert.Parameters.Add("$body", SqliteType.Blob));
        _writing = new GroupCommit(JournalFile.End(connection), Commit);
    }

    /// <summary>Opens or makes the journal. Throws <see cref="JournalException"/> with one clear line.</summary>
    public static SqliteJournal Open(string path)
    {
        SqliteConnection? connection = null;
        try
        {
            WriteAheadLog.Check(path);
            connection = JournalFile.Open(path, writable: true);
            return new SqliteJournal(connection);
        }
        catch (SqliteException wrong)
        {
            connection?.Dispose();
            throw new JournalException(JournalFile.Explain(path, wrong), wrong);
        }
    }

    public IEnumerable<JournalRecord> ReadAll() => JournalFile.ReadAll(_connection);

    public Task Append(IReadOnlyList<JournalRecord> records) => _writing.Append(records);

    /// <summary>Writes what is queued, then closes.</summary>
    public void Dispose()
    {
        _writing.Dispose();
        _insert.Dispose();
        _connection.Dispose();
    }

    private void Commit(List<JournalRow> rows)
    {
        try
        {
            using var transaction = _connection.BeginTransaction();
            _insert.Transaction = transaction;
            foreach (var row in rows)
            {
                (_sequence.Value, _hash.Value, _body.Value) = (row.Sequence, row.Hash, row.Body);
                _insert.ExecuteNonQuery();
            }

            transaction.Commit();
        }
        catch (Exception wrong) when (wrong is SqliteException or IOException or InvalidOperationException)
        {
            // After a failed write or fsync nobody can say what is on disk: acknowledge nothing more until a restart has read it.
            throw new JournalException($"the journal could not be written: {wrong.Message}. Free space or repair the disk, then start again: nothing acknowledged is lost", wrong);
        }
    }
}
