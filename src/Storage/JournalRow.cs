using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text.Json;
using Amalgam.ControlPlane.Ports;
using Amalgam.Core.Journal;

namespace Amalgam.Storage;

/// <summary>A record as every store keeps it. hash = SHA-256(hash before, sequence as 8 bytes big-endian, body); the hash before the first is 32 zero bytes.</summary>
public readonly record struct JournalRow(long Sequence, byte[] Hash, byte[] Body);

/// <summary>Walks along the chain of hashes, from the first record or from one whose hash is known.</summary>
internal sealed class JournalChain(long sequence = 0, byte[]? hash = null)
{
    public byte[] Hash { get; private set; } = hash ?? new byte[32];

    /// <summary>Of the last record that passed; 0 before the first.</summary>
    public long Sequence { get; private set; } = sequence;

    /// <summary>The next row of what is to be written.</summary>
    public JournalRow Add(JournalRecord record)
    {
        var body = JournalJson.Write(record);
        (Hash, Sequence) = (Link(Hash, record.Sequence, body), record.Sequence);
        return new JournalRow(Sequence, Hash, body);
    }

    /// <summary>The next row of what was written. Throws <see cref="JournalException"/> when it is not what must follow.</summary>
    public void Pass(JournalRow row)
    {
        var expected = Sequence + 1;
        var hash = Link(Hash, row.Sequence, row.Body);
        if (row.Sequence != expected || !CryptographicOperations.FixedTimeEquals(hash, row.Hash))
        {
            throw Damaged(expected, row.Sequence == expected ? "its hash does not match" : "it is missing");
        }

        (Hash, Sequence) = (hash, row.Sequence);
    }

    /// <summary>The same, with its content.</summary>
    public JournalRecord Read(JournalRow row)
    {
        Pass(row);
        return Parse(row.Sequence, row.Body);
    }

    public static JournalRecord Parse(long sequence, byte[] body)
    {
        try
        {
            return JournalJson.Read(sequence, body);
        }
        catch (JsonException wrong)
        {
            throw Damaged(sequence, $"it cannot be read ({wrong.Message})");
        }
    }

    public static JournalException Damaged(long sequence, string why) =>
        new($"the journal is damaged at record {sequence}: {why}. Nothing was changed; restore a backup with `amalgam restore FILE`");

    private static byte[] Link(ReadOnlySpan<byte> before, long sequence, ReadOnlySpan<byte> body)
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
}
