using System.Text;
using Amalgam.ControlPlane.Ports;
using Amalgam.Core.Journal;
using Microsoft.Data.Sqlite;

namespace Amalgam.Storage;

/// <summary>The journal's rows as a store finds them by their number. Throws <see cref="JournalException"/>.</summary>
internal interface IPastRows
{
    byte[]? Body(long sequence);

    IEnumerable<(long Sequence, byte[] Body)> Bodies(long first, long last);
}

/// <summary>Reads the journal beside its writer, on either store: readers and the writer do not wait for each other.</summary>
public sealed class JournalPast : IPastRecords
{
    private static readonly byte[][] Charged = [.. new[] { "lease-charged", "tokens-charged", "reserved-idle-charged", "commitment-shortfall-charged" }.Select(kind => Encoding.UTF8.GetBytes($"\"event\":{{\"type\":\"{kind}\""))];

    private readonly IPastRows _rows;

    internal JournalPast(IPastRows rows) => _rows = rows;

    /// <summary>Of a journal file.</summary>
    public JournalPast(string path) => _rows = new SqlitePastRows(path);

    public IEnumerable<JournalRecord> Charges(long fromMs, long throughSequence)
    {
        foreach (var (sequence, body) in _rows.Bodies(First(fromMs, throughSequence), throughSequence))
        {
            if (IsCharge(body))
            {
                yield return JournalChain.Parse(sequence, body);
            }
        }
    }

    public JournalRecord? Find(long sequence) => _rows.Body(sequence) is { } body ? JournalChain.Parse(sequence, body) : null;

    /// <summary>Records are in order of their time, so their time can be searched for without reading them all.</summary>
    private long First(long fromMs, long last)
    {
        var (low, high) = (1L, last + 1);
        while (low < high)
        {
            var middle = low + ((high - low) / 2);
            if (_rows.Body(middle) is { } body && JournalChain.Parse(middle, body).AtMs < fromMs)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    private static bool IsCharge(ReadOnlySpan<byte> body)
    {
        // The kind of a record stands behind its time and its author: looked at before it is parsed, because most of a journal may be something else.
        var head = body[..Math.Min(body.Length, 512)];
        foreach (var kind in Charged)
        {
            if (head.IndexOf(kind) >= 0)
            {
                return true;
            }
        }

        return false;
    }
}

internal sealed class SqlitePastRows(string path) : IPastRows
{
    public byte[]? Body(long sequence)
    {
        using var connection = Open();
        using var select = connection.CreateCommand();
        select.CommandText = "SELECT body FROM journal WHERE sequence = $sequence";
        select.Parameters.AddWithValue("$sequence", sequence);
        return select.ExecuteScalar() as byte[];
    }

    public IEnumerable<(long Sequence, byte[] Body)> Bodies(long first, long last)
    {
        using var connection = Open();
        using var select = connection.CreateCommand();
        select.CommandText = "SELECT sequence, body FROM journal WHERE sequence BETWEEN $first AND $last ORDER BY sequence";
        select.Parameters.AddWithValue("$first", first);
        select.Parameters.AddWithValue("$last", last);
        using var rows = select.ExecuteReader();
        while (rows.Read())
        {
            yield return (rows.GetInt64(0), (byte[])rows[1]);
        }
    }

    private SqliteConnection Open()
    {
        try
        {
            return JournalFile.Open(path, writable: false);
        }
        catch (SqliteException wrong)
        {
            throw new JournalException(JournalFile.Explain(path, wrong), wrong);
        }
    }
}
