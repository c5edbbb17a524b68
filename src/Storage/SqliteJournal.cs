using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Threading.Channels;
using Amalgam.ControlPlane.Ports;
using Amalgam.Core.Journal;
using Microsoft.Data.Sqlite;

namespace Amalgam.Storage;

/// <summary>
/// The journal as one SQLite table in WAL mode, synchronous=FULL: a commit is on disk when it returns. One writer thread; records that arrive while a
/// commit runs share the next one (group commit). hash = SHA-256(hash before, sequence as 8 bytes big-endian, body).
/// </summary>
public sealed class SqliteJournal : IJournal, IDisposable
{
    /// <summary>Raised by a release that older ones cannot read.</summary>
    public const int FormatVersion = 1;

    private readonly SqliteConnection _connection;
    private readonly Channel<Batch> _queue = Channel.CreateUnbounded<Batch>(new() { SingleReader = true });
    private readonly Thread _writer;
    private byte[] _lastHash = new byte[32];
    private JournalException? _failed;

    private SqliteJournal(SqliteConnection connection)
    {
        _connection = connection;
        _writer = new Thread(Write) { IsBackground = true, Name = "journal" };
    }

    /// <summary>Opens or makes the journal. Throws <see cref="JournalException"/> with one clear line.</summary>
    public static SqliteJournal Open(string path)
    {
        SqliteConnection? connection = null;
        try
        {
            connection = JournalFile.Open(path, writable: true);
            var journal = new SqliteJournal(connection);
            journal._lastHash = JournalFile.LastHash(connection);
            journal._writer.Start();
            return journal;
        }
        catch (SqliteException wrong)
        {
            connection?.Dispose();
            throw new JournalException(JournalFile.Explain(path, wrong), wrong);
        }
    }

    public IEnumerable<JournalRecord> ReadAll() => JournalFile.ReadAll(_connection);

    public Task Append(IReadOnlyList<JournalRecord> records)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!_queue.Writer.TryWrite(new Batch(records, done)))
        {
            done.SetException(_failed ?? new JournalException("the journal is closed"));
        }

        return done.Task;
    }

    /// <summary>Writes what is queued, then closes.</summary>
    public void Dispose()
    {
        _queue.Writer.TryComplete();
        _writer.Join();
        _connection.Dispose();
    }

    private void Write()
    {
        var batches = new List<Batch>();
        while (_queue.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            batches.Clear();
            while (batches.Count < 1024 && _queue.Reader.TryRead(out var batch))
            {
                batches.Add(batch);
            }

            if (_failed is null)
            {
                Commit(batches);
            }

            foreach (var batch in batches)
            {
                _ = _failed is null ? batch.Done.TrySetResult() : batch.Done.TrySetException(_failed);
            }
        }
    }

    private void Commit(List<Batch> batches)
    {
        try
        {
            using var transaction = _connection.BeginTransaction();
            using var insert = _connection.CreateCommand();
            insert.Transaction = transaction;
            insert.CommandText = "INSERT INTO journal (sequence, hash, body) VALUES ($sequence, $hash, $body)";
            var sequence = insert.Parameters.Add("$sequence", SqliteType.Integer);
            var hash = insert.Parameters.Add("$hash", SqliteType.Blob);
            var body = insert.Parameters.Add("$body", SqliteType.Blob);
            foreach (var record in batches.SelectMany(batch => batch.Records))
            {
                var bytes = JournalJson.Write(record);
                _lastHash = Chain(_lastHash, record.Sequence, bytes);
                (sequence.Value, hash.Value, body.Value) = (record.Sequence, _lastHash, bytes);
                insert.ExecuteNonQuery();
            }

            transaction.Commit();
        }
        catch (Exception wrong) when (wrong is SqliteException or IOException or InvalidOperationException)
        {
            // After a failed write or fsync nobody can say what is on disk: acknowledge nothing more until a restart has read it.
            _failed = new JournalException($"the journal could not be written: {wrong.Message}. Free space or repair the disk, then start again: nothing acknowledged is lost", wrong);
        }
    }

    internal static byte[] Chain(ReadOnlySpan<byte> before, long sequence, ReadOnlySpan<byte> body)
    {
        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> number = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(number, sequence);
        sha.AppendData(before);
        sha.AppendData(number);
        sha.AppendData(body);
        return sha.GetHashAndReset();
    }

    private sealed record Batch(IReadOnlyList<JournalRecord> Records, TaskCompletionSource Done);
}
