using System.Diagnostics;
using Amalgam.ControlPlane.Ports;
using Amalgam.Core.Journal;
using Npgsql;
using NpgsqlTypes;

namespace Amalgam.Storage.Postgres;

/// <summary>
/// The journal as a table of PostgreSQL. A commit is one statement: all rows of the group, if the epoch is still this leader's, and none otherwise. When the server is away, what
/// waits goes on waiting: after every reconnection the end of the table says whether the last group is there, because the epoch and the chain leave no third possibility.
/// </summary>
public sealed class PostgresJournal : IJournal, IDisposable
{
    /// <summary>An outage shorter than this is nobody's business.</summary>
    private static readonly TimeSpan Noticed = TimeSpan.FromSeconds(1);

    private readonly PostgresAddress _store;
    private readonly PostgresRows _rows;
    private readonly CancellationTokenSource _closing = new();
    private JournalChain _read = new();
    private GroupCommit? _writing;
    private NpgsqlConnection? _connection;
    private NpgsqlConnection? _reader;
    private byte[] _lastHash = [];
    private long _lastSequence;
    private long _epoch;
    private long _awaySince;
    private volatile string? _fault;

    public PostgresJournal(PostgresAddress store) => (_store, _rows) = (store, new PostgresRows(store));

    public bool CanBeAway => true;

    public string? Trouble => _fault is { } fault && Stopwatch.GetElapsedTime(Volatile.Read(ref _awaySince)) > Noticed ? fault : null;

    /// <summary>The records that were not read yet, each checked by the chain: at first all of them, later what another leader has written since.</summary>
    public IEnumerable<JournalRecord> ReadAll()
    {
        // Kept open: one that stands by asks many times a second.
        var reader = _reader ??= _rows.Open("follower");
        var whole = false;
        try
        {
            foreach (var row in _rows.After(reader, _read.Sequence))
            {
                yield return _read.Read(row);
            }

            whole = true;
        }
        finally
        {
            if (!whole)
            {
                reader.Dispose();
                _reader = null;
            }
        }
    }

    /// <summary>From now on this writes, as the leader of an epoch. What was written before must have been read.</summary>
    public void Lead(long epoch)
    {
        _epoch = epoch;
        _reader?.Dispose();
        _reader = null;
        (_lastSequence, _lastHash) = (_read.Sequence, _read.Hash);
        _writing = new GroupCommit(new JournalChain(_read.Sequence, _read.Hash), Commit);
    }

    public Task Append(IReadOnlyList<JournalRecord> records) =>
        _writing?.Append(records) ?? Task.FromException(new JournalException("this control plane does not lead: it writes nothing"));

    /// <summary>Writes what is queued if the server is there, then closes.</summary>
    public void Dispose()
    {
        _closing.CancelAfter(TimeSpan.FromSeconds(5));
        _writing?.Dispose();
        _connection?.Dispose();
        _reader?.Dispose();
        _closing.Dispose();
    }

    private void Commit(List<JournalRow> rows)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                if (_connection is not null || !Reconnected(rows))
                {
                    Insert(rows);
                }

                (_lastSequence, _lastHash) = (rows[^1].Sequence, rows[^1].Hash);
                _fault = null;
                return;
            }
            catch (Exception fault) when (PostgresFaults.Is(fault))
            {
                Fail(fault, attempt);
            }
        }
    }

    /// <summary>Waits and returns where a later attempt may succeed.</summary>
    private void Fail(Exception fault, int attempt)
    {
        _connection?.Dispose();
        _connection = null;
        var line = PostgresFaults.Explain(_store, fault).Message;
        // A row that is there already is our own whose answer was lost, or another's: the next look at the end of the table tells.
        var unsure = fault is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation } && attempt < 3;
        if (!unsure && !PostgresFaults.Passes(fault))
        {
            throw new JournalException($"the journal could not be written: {line}. Repair the database, then start again: nothing acknowledged is lost", fault);
        }

        if (_fault is null)
        {
            Volatile.Write(ref _awaySince, Stopwatch.GetTimestamp());
        }

        _fault = line;
        if (_closing.Token.WaitHandle.WaitOne(Math.Min(100 << Math.Min(attempt, 5), 2000)))
        {
            throw new JournalException($"{line}; what was not acknowledged is not written", fault);
        }
    }

    /// <summary>A new connection, and what became of the group before: true when it is there already.</summary>
    private bool Reconnected(List<JournalRow> rows)
    {
        var connection = new NpgsqlConnection(_store.Connection("journal").ToString());
        try
        {
            connection.Open();
            PostgresSchema.CheckDurability(connection, _store);
            var end = _rows.End(connection);
            _connection = connection;
            if (end.Sequence == rows[^1].Sequence && end.Hash.AsSpan().SequenceEqual(rows[^1].Hash))
            {
                return true;
            }

            CheckEpoch(connection);
            return end.Sequence == _lastSequence && end.Hash.AsSpan().SequenceEqual(_lastHash)
                ? false
                : throw new JournalException($"{_store}: the journal ends at record {end.Sequence} and not where this control plane left it ({_lastSequence}): was a backup restored under it? Start again");
        }
        catch
        {
            _connection = null;
            connection.Dispose();
            throw;
        }
    }

    private void Insert(List<JournalRow> rows)
    {
        var (sequences, hashes, bodies) = (new long[rows.Count], new byte[rows.Count][], new byte[rows.Count][]);
        for (var at = 0; at < rows.Count; at++)
        {
            (sequences[at], hashes[at], bodies[at]) = (rows[at].Sequence, rows[at].Hash, rows[at].Body);
        }

        using var insert = new NpgsqlCommand($"""
            WITH fence AS MATERIALIZED (SELECT epoch FROM {_store.Schema}.leader WHERE epoch = $1 FOR KEY SHARE)
            INSERT INTO {_store.Schema}.journal (sequence, epoch, hash, body)
            SELECT r.sequence, fence.epoch, r.hash, r.body FROM fence, unnest($2, $3, $4) AS r (sequence, hash, body)
            """, _connection);
        insert.Parameters.Add(new NpgsqlParameter<long> { TypedValue = _epoch });
        insert.Parameters.Add(new NpgsqlParameter { Value = sequences, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint });
        insert.Parameters.Add(new NpgsqlParameter { Value = hashes, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea });
        insert.Parameters.Add(new NpgsqlParameter { Value = bodies, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea });
        if (insert.ExecuteNonQuery() != rows.Count)
        {
            CheckEpoch(_connection!);
            throw new JournalException($"{_store}: the journal took only a part of what was written: its tables are not Amalgam's any more");
        }
    }

    private void CheckEpoch(NpgsqlConnection connection)
    {
        using var select = new NpgsqlCommand($"SELECT epoch, holder FROM {_store.Schema}.leader", connection);
        using var row = select.ExecuteReader();
        if (!row.Read() || row.GetInt64(0) != _epoch)
        {
            throw new DeposedException($"another control plane leads this cloud now ({(row.IsOnRow && !row.IsDBNull(1) ? row.GetString(1) : "unnamed")}): this one writes nothing more");
        }
    }
}
