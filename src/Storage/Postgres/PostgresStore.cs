using Amalgam.ControlPlane.Ports;
using Amalgam.Core.Journal;
using Npgsql;
using NpgsqlTypes;

namespace Amalgam.Storage.Postgres;

/// <summary>A journal in a PostgreSQL database.</summary>
public sealed class PostgresStore(PostgresAddress address) : IJournalStore
{
    private readonly PostgresRows _rows = new(address);

    public PostgresAddress Address => address;

    public string Name => address.ToString();

    public IPastRecords Past { get; } = new JournalPast(new PostgresRows(address));

    public bool HoldsCloud()
    {
        using var connection = _rows.Open("look");
        return Guarded(() => IsPrepared(connection)) && _rows.End(connection).Sequence > 0;
    }

    public IEnumerable<JournalRecord> Read()
    {
        var chain = new JournalChain();
        foreach (var row in Checked())
        {
            yield return chain.Read(row);
        }
    }

    public (long Records, string LastHash) Verify()
    {
        var chain = new JournalChain();
        foreach (var row in Checked())
        {
            _ = chain.Read(row);
        }

        return (chain.Sequence, Convert.ToHexStringLower(chain.Hash));
    }

    public void CopyTo(string file)
    {
        try
        {
            JournalFile.Write(file, Passed(Checked()));
        }
        catch (Microsoft.Data.Sqlite.SqliteException wrong)
        {
            throw new JournalException($"cannot copy the journal to {file}: {wrong.Message}", wrong);
        }
    }

    public void FillFrom(string file) => Guarded(() =>
    {
        using var connection = _rows.Open("restore");
        PostgresSchema.Prepare(connection, address);
        PostgresSchema.CheckDurability(connection, address);
        using var transaction = connection.BeginTransaction();
        // Nobody founds or restores a cloud here meanwhile; readers go on.
        PostgresSchema.Run(connection, $"LOCK TABLE {address.Schema}.journal IN SHARE ROW EXCLUSIVE MODE");
        if (_rows.End(connection).Sequence > 0)
        {
            throw new JournalException($"{address} holds a cloud already: choose another database or ?schema=NAME");
        }

        using (var copy = connection.BeginBinaryImport($"COPY {address.Schema}.journal (sequence, epoch, hash, body) FROM STDIN (FORMAT BINARY)"))
        {
            foreach (var row in JournalFile.Rows(file))
            {
                copy.StartRow();
                copy.Write(row.Sequence, NpgsqlDbType.Bigint);
                copy.Write(0L, NpgsqlDbType.Bigint);
                copy.Write(row.Hash, NpgsqlDbType.Bytea);
                copy.Write(row.Body, NpgsqlDbType.Bytea);
            }

            copy.Complete();
        }

        transaction.Commit();
        return true;
    });

    /// <summary>Makes the schema as its owner, and gives a role the rights that a control plane needs.</summary>
    public void Prepare(string? grantTo) => Guarded(() =>
    {
        using var connection = _rows.Open("prepare");
        PostgresSchema.Prepare(connection, address);
        PostgresSchema.CheckDurability(connection, address);
        if (grantTo is not null)
        {
            PostgresSchema.Grant(connection, address, grantTo);
        }

        return true;
    });

    /// <summary>Whether that is a server which is about to be there.</summary>
    public static bool IsStarting(JournalException wrong) => wrong.InnerException is { } fault && PostgresFaults.Starts(fault);

    private IEnumerable<JournalRow> Checked()
    {
        using (var connection = _rows.Open("look"))
        {
            if (!Guarded(() => IsPrepared(connection)))
            {
                throw new JournalException($"{address} holds no cloud");
            }
        }

        foreach (var row in _rows.After(0))
        {
            yield return row;
        }
    }

    private static IEnumerable<JournalRow> Passed(IEnumerable<JournalRow> rows)
    {
        var chain = new JournalChain();
        foreach (var row in rows)
        {
            chain.Pass(row);
            yield return row;
        }
    }

    private bool IsPrepared(NpgsqlConnection connection)
    {
        if (PostgresSchema.Version(connection, address) is not { } version)
        {
            return false;
        }

        PostgresSchema.Check(version, address);
        return true;
    }

    private T Guarded<T>(Func<T> act)
    {
        try
        {
            return act();
        }
        catch (Exception fault) when (PostgresFaults.Is(fault))
        {
            throw PostgresFaults.Explain(address, fault);
        }
    }
}
