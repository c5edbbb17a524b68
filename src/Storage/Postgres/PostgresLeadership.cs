using System.Diagnostics;
using Amalgam.ControlPlane.Ports;
using Npgsql;

namespace Amalgam.Storage.Postgres;

/// <summary>Who leads, as the row says it.</summary>
public sealed record LeaderRow(long Epoch, long Renewals, string? Holder, string? Address);

/// <summary>
/// One control plane leads. 1. The leader holds an advisory lock for as long as its session lives, and adds one to `renewals` every second. 2. Whoever gets the lock (the leader's
/// session is gone), or sees `renewals` stand still for five seconds of its own clock while the database answers (the leader is frozen or cut off), raises the epoch by compare and
/// swap. 3. Every append checks the epoch in its own statement, so that a leader that was replaced writes nothing, whatever it believes. No clocks are compared.
/// </summary>
public sealed class PostgresLeadership(PostgresAddress store, string holder) : IDisposable
{
    private static readonly TimeSpan Still = TimeSpan.FromSeconds(5);

    /// <summary>After the database was away, the leader of before gets this long to come back to it.</summary>
    private static readonly TimeSpan Return = TimeSpan.FromSeconds(3);

    /// <summary>A leader acts on the world only while its last renewal is younger than this, which is less than anybody waits before replacing it.</summary>
    private static readonly TimeSpan Trusted = TimeSpan.FromSeconds(4);

    private readonly Lock _gate = new();
    private NpgsqlConnection? _session;
    private LeaderRow? _seen;
    private long _seenSince, _sessionSince, _renewedAt;
    private bool _hadSession, _locked;

    /// <summary>By which control planes of one cloud see each other in pg_stat_activity.</summary>
    private string Purpose => $"leadership of {store.Schema}";

    /// <summary>0 while this does not lead.</summary>
    public long Epoch { get; private set; }

    /// <summary>Whether what this leader believes can still be true.</summary>
    public bool MayAct => Epoch > 0 && Stopwatch.GetElapsedTime(Volatile.Read(ref _renewedAt)) < Trusted;

    /// <summary>Who leads, as last seen; null before the first look.</summary>
    public LeaderRow? Leader => _seen;

    /// <summary>One look of a candidate. True when it leads from now on. Throws <see cref="JournalException"/> when the database is away.</summary>
    public bool TryLead(string? address) => Guarded(connection =>
    {
        var row = Look(connection);
        var still = row.Holder is not null && Stopwatch.GetElapsedTime(_seenSince) >= Still;
        if (!_hadSession || Stopwatch.GetElapsedTime(_sessionSince) >= Return)
        {
            _locked = _locked || Lock(connection);
        }

        if (!_locked && !still)
        {
            return false;
        }

        var began = Stopwatch.GetTimestamp();
        using var take = new NpgsqlCommand($"UPDATE {store.Schema}.leader SET epoch = epoch + 1, renewals = renewals + 1, holder = $1, address = $2 WHERE epoch = $3 AND renewals = $4", connection);
        take.Parameters.Add(new() { Value = holder });
        take.Parameters.Add(new() { Value = (object?)address ?? DBNull.Value });
        take.Parameters.Add(new NpgsqlParameter<long> { TypedValue = row.Epoch });
        take.Parameters.Add(new NpgsqlParameter<long> { TypedValue = row.Renewals });
        if (take.ExecuteNonQuery() == 0)
        {
            // It lives: the lock is the leader's.
            Unlock(connection);
            return false;
        }

        (Epoch, _seen) = (row.Epoch + 1, new LeaderRow(row.Epoch + 1, row.Renewals + 1, holder, address));
        Volatile.Write(ref _renewedAt, began);
        return true;
    });

    /// <summary>One renewal of the leader, with the address where it is found now. Throws <see cref="DeposedException"/> when another leads, <see cref="JournalException"/> when the database is away.</summary>
    public void Renew(string? address) => Guarded(connection =>
    {
        var began = Stopwatch.GetTimestamp();
        _locked = _locked || Lock(connection);
        using var renew = new NpgsqlCommand($"UPDATE {store.Schema}.leader SET renewals = renewals + 1, address = $2 WHERE epoch = $1", connection);
        renew.Parameters.Add(new NpgsqlParameter<long> { TypedValue = Epoch });
        renew.Parameters.Add(new() { Value = (object?)address ?? DBNull.Value });
        if (renew.ExecuteNonQuery() == 0)
        {
            throw new DeposedException($"another control plane leads this cloud now ({Look(connection).Holder ?? "unnamed"}): this one writes nothing more");
        }

        Volatile.Write(ref _renewedAt, began);
        return true;
    });

    /// <summary>Whether another control plane of this cloud is there to take over. Throws <see cref="JournalException"/> when the database is away.</summary>
    public bool HasStandby() => Guarded(connection =>
    {
        using var look = new NpgsqlCommand("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1 AND pid <> pg_backend_pid())", connection);
        look.Parameters.Add(new() { Value = store.Connection(Purpose).ApplicationName });
        return (bool)look.ExecuteScalar()!;
    });

    /// <summary>Gives the leadership back, so that the next one need not wait.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            // Closing the session gives the lock back, which is all that the next one waits for.
            Drop();
            Epoch = 0;
        }
    }

    private LeaderRow Look(NpgsqlConnection connection)
    {
        using var select = new NpgsqlCommand($"SELECT epoch, renewals, holder, address FROM {store.Schema}.leader", connection);
        using var rows = select.ExecuteReader();
        if (!rows.Read())
        {
            throw new JournalException($"{store}: the row in {store.Schema}.leader is gone: its tables are not Amalgam's any more");
        }

        var row = new LeaderRow(rows.GetInt64(0), rows.GetInt64(1), rows.IsDBNull(2) ? null : rows.GetString(2), rows.IsDBNull(3) ? null : rows.GetString(3));
        if (_seen is not { } seen || (seen.Epoch, seen.Renewals) != (row.Epoch, row.Renewals))
        {
            _seenSince = Stopwatch.GetTimestamp();
        }

        return _seen = row;
    }

    private bool Lock(NpgsqlConnection connection)
    {
        using var take = new NpgsqlCommand($"SELECT pg_try_advisory_lock({PostgresSchema.LockSpace}, hashtext($1))", connection);
        take.Parameters.Add(new() { Value = store.Schema });
        return (bool)take.ExecuteScalar()!;
    }

    private void Unlock(NpgsqlConnection connection)
    {
        PostgresSchema.Run(connection, "SELECT pg_advisory_unlock_all()");
        _locked = false;
    }

    private T Guarded<T>(Func<NpgsqlConnection, T> act)
    {
        lock (_gate)
        {
            try
            {
                return act(Session());
            }
            catch (Exception fault) when (PostgresFaults.Is(fault))
            {
                Drop();
                throw PostgresFaults.Explain(store, fault);
            }
        }
    }

    private NpgsqlConnection Session()
    {
        if (_session is { } open)
        {
            return open;
        }

        var settings = store.Connection(Purpose);
        (settings.CommandTimeout, settings.Timeout) = (3, 3);
        var session = new NpgsqlConnection(settings.ToString());
        try
        {
            session.Open();
        }
        catch
        {
            session.Dispose();
            throw;
        }

        // How long the row stood still while nobody could write is no sign of death.
        (_sessionSince, _seenSince) = (Stopwatch.GetTimestamp(), Stopwatch.GetTimestamp());
        return _session = session;
    }

    private void Drop()
    {
        _hadSession |= _session is not null;
        _session?.Dispose();
        (_session, _locked) = (null, false);
    }
}
