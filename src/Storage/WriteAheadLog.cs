using System.Buffers.Binary;
using Amalgam.ControlPlane.Ports;

namespace Amalgam.Storage;

/// <summary>
/// A look at SQLite's write-ahead log before SQLite takes it. SQLite cuts the log at the first frame that fails its checksum, which is right for a tail that was being written
/// when the machine died, and wrong for a frame that rotted: every commit after it was acknowledged. The two can be told apart: a commit is written only when the one before
/// it is on disk, so frames of a later commit prove that the bad frame had been. Format: sqlite.org/fileformat2.html, "The Write-Ahead Log".
/// </summary>
internal static class WriteAheadLog
{
    private const int HeaderBytes = 32;
    private const int FrameHeaderBytes = 24;
    private const uint Magic = 0x377f0682;

    /// <summary>Throws <see cref="JournalException"/> when commits that were acknowledged would be cut off.</summary>
    public static void Check(string path)
    {
        var log = path + "-wal";
        if (!File.Exists(log) || new FileInfo(log).Length <= HeaderBytes)
        {
            return;
        }

        using var file = new FileStream(log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1 << 20);
        if (LosesCommits(file))
        {
            throw new JournalException($"{log} is damaged before its end: records that were acknowledged would be lost. Nothing was changed; restore a backup with `amalgam restore FILE`");
        }
    }

    private static bool LosesCommits(FileStream file)
    {
        Span<byte> header = stackalloc byte[HeaderBytes];
        file.ReadExactly(header);
        var (magic, pageSize) = (BinaryPrimitives.ReadUInt32BigEndian(header), BinaryPrimitives.ReadUInt32BigEndian(header[8..]));
        var sum = new Checksum(bigEndian: (magic & 1) == 1);
        sum.Add(header[..24]);
        if ((magic & ~1u) != Magic || pageSize is < 512 or > 65536 || !sum.Is(header[24..]))
        {
            // A header is one small write at the very begin of a log. One that is broken with a log behind it was not being written.
            return file.Length > HeaderBytes + FrameHeaderBytes + 512;
        }

        var frame = new byte[FrameHeaderBytes + pageSize];
        var (bad, ended) = (false, false);
        while (file.Length - file.Position >= frame.Length)
        {
            file.ReadExactly(frame);
            var current = header[16..24].SequenceEqual(frame.AsSpan(8, 8));
            if (bad && ended && current)
            {
                return true;
            }

            if (!bad)
            {
                sum.Add(frame.AsSpan(0, 8));
                sum.Add(frame.AsSpan(FrameHeaderBytes));
                bad = !current || !sum.Is(frame.AsSpan(16, 8));
            }

            // The end of the commit that the bad frame belongs to: it carries the size of the database.
            ended |= bad && BinaryPrimitives.ReadUInt32BigEndian(frame.AsSpan(4)) != 0;
        }

        return false;
    }

    /// <summary>Cumulative over the whole log: two sums over pairs of 32-bit words.</summary>
    private struct Checksum(bool bigEndian)
    {
        private uint _one;
        private uint _two;

        public void Add(ReadOnlySpan<byte> bytes)
        {
            for (; bytes.Length >= 8; bytes = bytes[8..])
            {
                var (first, second) = bigEndian
                    ? (BinaryPrimitives.ReadUInt32BigEndian(bytes), BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]))
                    : (BinaryPrimitives.ReadUInt32LittleEndian(bytes), BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]));
                _one = unchecked(_one + first + _two);
                _two = unchecked(_two + second + _one);
            }
        }

        public readonly bool Is(ReadOnlySpan<byte> expected) => BinaryPrimitives.ReadUInt32BigEndian(expected) == _one && BinaryPrimitives.ReadUInt32BigEndian(expected[4..]) == _two;
    }
}
