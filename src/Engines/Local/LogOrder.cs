using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Amalgam.Engines.Local;

/// <summary>Up to here both streams were written before anything that follows. Offsets in bytes.</summary>
internal readonly record struct OrderMark(long Output, long Error);

/// <summary>
/// Members write straight into two files, so that nothing stands between them and the disk and they outlive the cloud. What that loses is
/// which stream came first; this notes it: whenever the writing changes from one stream to the other, the lengths of both, 16 bytes, into the file
/// `order`. As fine as it is called often. It also keeps the files within their bound by giving the middle back to the file system (punching
/// a hole), which neither moves nor disturbs what the writers append.
/// </summary>
internal sealed class LogOrder(MemberFolder folder)
{
    private const int MarkBytes = 16, MarksBound = 65_536;
    private readonly Lock _gate = new();
    private readonly FileInfo _output = new(folder.StandardOutput), _error = new(folder.StandardError);
    private long _outputLength, _errorLength, _outputHoleEnd, _errorHoleEnd;
    private bool _outputGrew, _errorGrew;
    private int _marks, _skip = 1, _skipped;

    /// <summary>After a restart of the cloud: what was written meanwhile counts as one stretch.</summary>
    public void Resume()
    {
        var marks = Read(folder.Order, 0);
        _marks = marks.Count;
        if (marks.Count > 0) (_outputLength, _errorLength) = (marks[^1].Output, marks[^1].Error);
        (_outputGrew, _errorGrew) = (true, true);
    }

    /// <summary>Looks at both files.</summary>
    /// <returns>Whether something was written since the last look.</returns>
    public bool Note(long bytesPerStream)
    {
        lock (_gate)
        {
            var (output, error) = (Length(_output), Length(_error));
            var (outputGrew, errorGrew) = (output != _outputLength, error != _errorLength);
            if (!outputGrew && !errorGrew) return false;
            // One stream going on alone needs no mark.
            if (!(outputGrew == _outputGrew && errorGrew == _errorGrew && outputGrew != errorGrew)) Append(new OrderMark(_outputLength, _errorLength));
            (_outputLength, _errorLength, _outputGrew, _errorGrew) = (output, error, outputGrew, errorGrew);
            _outputHoleEnd = Bound(folder.StandardOutput, output, _outputHoleEnd, bytesPerStream);
            _errorHoleEnd = Bound(folder.StandardError, error, _errorHoleEnd, bytesPerStream);
            return true;
        }
    }

    /// <summary>Marks from the given byte of an order file on; empty when there is none.</summary>
    public static IReadOnlyList<OrderMark> Read(string file, long offset)
    {
        try
        {
            using var handle = File.OpenHandle(file, share: FileShare.ReadWrite | FileShare.Delete);
            var bytes = new byte[Math.Max(0, RandomAccess.GetLength(handle) - offset)];
            var read = RandomAccess.Read(handle, bytes, offset);
            var marks = new OrderMark[read / MarkBytes];
            for (var i = 0; i < marks.Length; i++)
                marks[i] = new OrderMark(
                    BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(i * MarkBytes)), BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan((i * MarkBytes) + 8)));
            return marks;
        }
        catch (IOException)
        {
            return [];
        }
    }

    /// <summary>The bytes at the start of a stream that are always kept.</summary>
    public static long HeadBytes(long bytesPerStream) => (bytesPerStream / 4) & ~4095L;

    private static long Length(FileInfo file)
    {
        file.Refresh();
        return file.Exists ? file.Length : 0;
    }

    private void Append(OrderMark mark)
    {
        if (_skipped++ % _skip != 0) return;
        if (_marks >= MarksBound) Thin();
        Span<byte> bytes = stackalloc byte[MarkBytes];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, mark.Output);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[8..], mark.Error);
        using var handle = PrivateFile.Append(folder.Order);
        handle.Write(bytes);
        _marks++;
    }

    /// <summary>A member that changes streams for days gets a coarser order, not an endless file: every second mark goes, and half as many come.</summary>
    private void Thin()
    {
        var bytes = File.ReadAllBytes(folder.Order);
        var kept = new byte[_marks / 2 * MarkBytes];
        for (var i = 0; i < _marks / 2; i++) bytes.AsSpan(2 * i * MarkBytes, MarkBytes).CopyTo(kept.AsSpan(i * MarkBytes));
        PrivateFile.Write(folder.Order + ".new", kept);
        File.Move(folder.Order + ".new", folder.Order, overwrite: true);
        _marks /= 2;
        _skip *= 2;
    }

    /// <returns>Where the hole ends now.</returns>
    private static long Bound(string file, long length, long holeEnd, long bytesPerStream)
    {
        var head = HeadBytes(bytesPerStream);
        var end = (length - (bytesPerStream - head)) & ~4095L;
        // In steps of a sixteenth, not at every line.
        if (end - Math.Max(head, holeEnd) < Math.Max(4096, bytesPerStream / 16)) return holeEnd;
        using var handle = File.OpenHandle(file, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        if (Posix.FAllocate(handle, Posix.FALLOC_FL_KEEP_SIZE | Posix.FALLOC_FL_PUNCH_HOLE, head, end - head) == 0) return end;
        // A file system without holes: the newest output is cut instead, and appending goes on behind the head.
        if (Marshal.GetLastPInvokeError() == Posix.EOPNOTSUPP) RandomAccess.SetLength(handle, head);
        return holeEnd;
    }
}
