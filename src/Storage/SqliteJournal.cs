using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Threading.Channels;
using Amalgam.ControlPlane.Ports;
using Amalgam.Core.Journal;
using Microsoft.Data.Sqlite;

namespace Amalgam.Storage;

/// <summary>
/// The journal as one SQLite table in WAL mode, synchronous=FULL: a commit is on disk when it returns. One thread encodes and chains records, another
/// commits them; records that arrive while a commit runs share the next one (group commit), and are encoded meanwhile.
/// hash = SHA-256(hash before, sequence as 8 bytes big-endian, body).
/// </summary>
public sealed class SqliteJournal : IJournal, IDisposable
{
    /// <summary>Raised by a release that older ones cannot read.</summary>
    public const int FormatVersion = 1;

    /// <summary>Batches in one commit at most: whoever came first must not wait for those who come for ever.</summary>
    private const int MostTogether = 1024;

    private readonly SqliteConnection _connection;
    private readonly Channel<Batch> _queue = Channel.CreateUnbounded<Batch>(new() { SingleReader = true });
    private readonly Channel<Encoded> _encoded = Channel.CreateBounded<Encoded>(new BoundedChannelOptions(4 * MostTogether) { SingleReader = true, SingleWriter = true });
    private readonly Thread _encoder;
    private readonly Thread _writer;
    private byte[] _lastHash = new byte[32];
    private volatile JournalException? _failed;

    private SqliteJournal(SqliteConnection connection)
    {
        _connection = connection;
        _encoder = new Thread(Encode) { IsBackground = true, Name = "journal encoder" };
        _writer = new Thread(Write) { IsBackground = true, Name = "journal" };
    }

    /// <summary>Opens or makes the journal. Throws <see cref="JournalException"/> with one clear line.</summary>
    public static SqliteJournal Open(string path)
    {
        SqliteConnection? connection = null;
        try
        {
            WriteAheadLog.Check(path);
            connection = JournalFile.Open(path, writable: true);
            var journal = new SqliteJournal(connection);
            journal._lastHash = JournalFile.LastHash(connection);
            journal._encoder.Start();
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
        _encoder.Join();
        _writer.Join();
        _connection.Dispose();
    }

    private void Encode()
    {
        while (_queue.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            while (_queue.Reader.TryRead(out var batch))
            {
                var encoded = new Encoded(EncodeRows(batch.Records), batch.Done);
                if (!_encoded.Writer.TryWrite(encoded))
                {
                    _encoded.Writer.WriteAsync(encoded).AsTask().GetAwaiter().GetResult();
                }
            }
        }

        _encoded.Writer.Complete();
    }

    private Row[] EncodeRows(IReadOnlyList<JournalRecord> records)
    {
        var rows = new Row[records.Count];
        for (var at = 0; at < rows.Length; at++)
        {
            var body = JournalJson.Write(records[at]);
            _lastHash = Chain(_lastHash, records[at].Sequence, body);
            rows[at] = new Row(records[at].Sequence, _lastHash, body);
        }

        return rows;
    }

    private void Write()
    {
        using var insert = _connection.CreateCommand();
        insert.CommandText = "INSERT INTO journal (sequence, hash, body) VALUES ($sequence, $hash, $body)";
        var (sequence, hash, body) = (insert.Parameters.Add("$sequence", SqliteType.Integer), insert.Parameters.Add("$hash", SqliteType.Blob), insert.Parameters.Add("$body", SqliteType.Blob));
        var batches = new List<Encoded>();
        while (_encoded.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            batches.Clear();
            while (batches.Count < MostTogether && _encoded.Reader.TryRead(out var batch))
            {
                batches.Add(batch);
            }

            if (_failed is null)
            {
                Commit(batches, insert, row => (sequence.Value, hash.Value, body.Value) = (row.Sequence, row.Hash, row.Body));
            }

            foreach (var batch in batches)
            {
                _ = _failed is null ? batch.Done.TrySetResult() : batch.Done.TrySetException(_failed);
            }
        }
    }

    private void Commit(List<Encoded> batches, SqliteCommand insert, Action<Row> bind)
    {
        try
        {
            using var transaction = _connection.BeginTransaction();
            insert.Transaction = transaction;
            foreach (var batch in batches)
            {
                foreach (var row in batch.Rows)
                {
                    bind(row);
                    insert.ExecuteNonQuery();
                }
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
        // One call over one buffer: an incremental hash costs more than the hashing of a record.
        var length = before.Length + sizeof(long) + body.Length;
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        before.CopyTo(buffer);
        BinaryPrimitives.WriteInt64BigEndian(buffer.AsSpan(before.Length), sequence);
        body.CopyTo(buffer.AsSpan(before.Length + sizeof(long)));
        var hash = SHA256.HashData(buffer.AsSpan(0, length));
        ArrayPool<byte>.Shared.Return(buffer);
        return hash;
    }

    private sealed record Batch(IReadOnlyList<JournalRecord> Records, TaskCompletionSource Done);

    private sealed record Encoded(Row[] Rows, TaskCompletionSource Done);

    private readonly record struct Row(long Sequence, byte[] Hash, byte[] Body);
}
