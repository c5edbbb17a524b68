using Npgsql;

namespace Amalgam.Storage.Postgres;

/// <summary>Rows of the journal, read on connections of their own.</summary>
internal sealed class PostgresRows(PostgresAddress store) : IPastRows
{
    private string Table => $"{store.Schema}.journal";

    public NpgsqlConnection Open(string purpose)
    {
        var connection = new NpgsqlConnection(store.Connection(purpose).ToString());
        try
        {
            connection.Open();
            return connection;
        }
        catch (Exception fault) when (PostgresFaults.Is(fault))
        {
            connection.Dispose();
            throw PostgresFaults.Explain(store, fault);
        }
    }

    /// <summary>What follows a record, as one statement sees it: a writer beside it is not waited for.</summary>
    public IEnumerable<JournalRow> After(long sequence)
    {
        using var connection = Open("reader");
        foreach (var row in After(connection, sequence))
        {
            yield return row;
        }
    }

    public IEnumerable<JournalRow> After(NpgsqlConnection connection, long sequence) =>
        Select(connection, $"SELECT sequence, hash, body FROM {Table} WHERE sequence > $1 ORDER BY sequence", [sequence], row => new JournalRow(row.GetInt64(0), (byte[])row[1], (byte[])row[2]));

    public byte[]? Body(long sequence)
    {
        using var connection = Open("reader");
        return Select(connection, $"SELECT body FROM {Table} WHERE sequence = $1", [sequence], row => (byte[])row[0]).FirstOrDefault();
    }

    public IEnumerable<(long Sequence, byte[] Body)> Bodies(long first, long last)
    {
        using var connection = Open("reader");
        foreach (var row in Select(connection, $"SELECT sequence, body FROM {Table} WHERE sequence BETWEEN $1 AND $2 ORDER BY sequence", [first, last], row => (row.GetInt64(0), (byte[])row[1])))
        {
            yield return row;
        }
    }

    /// <summary>The last record's place in the chain.</summary>
    public JournalChain End(NpgsqlConnection connection) =>
        Select(connection, $"SELECT sequence, hash FROM {Table} ORDER BY sequence DESC LIMIT 1", [], row => new JournalChain(row.GetInt64(0), (byte[])row[1])).FirstOrDefault() ?? new JournalChain();

    private IEnumerable<T> Select<T>(NpgsqlConnection connection, string sql, long[] values, Func<NpgsqlDataReader, T> read)
    {
        using var select = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        foreach (var value in values)
        {
            select.Parameters.Add(new NpgsqlParameter<long> { TypedValue = value });
        }

        using var rows = Guarded(() => select.ExecuteReader());
        while (Guarded(rows.Read))
        {
            yield return read(rows);
        }
    }

    private T Guarded<T>(Func<T> act)
    {
        try
        {
            return act();
        }
        catch (Exception fault) when (PostgresFaults.Is(fault))
        {
            throw PostgresFaults.Explain(store, fault);
        }
    }
}
