using System.Buffers;

namespace Amalgam.Gateway.Answers;

/// <summary>One server-sent event. <see cref="Data"/> is the JSON (or `[DONE]`); empty for a comment.</summary>
internal readonly ref struct StreamEvent(ReadOnlySpan<byte> raw, ReadOnlySpan<byte> data)
{
    public ReadOnlySpan<byte> Raw { get; } = raw;

    public ReadOnlySpan<byte> Data { get; } = data;
}

/// <summary>
/// Cuts a byte stream into server-sent events (WHATWG HTML, 9.2) without copying them: bytes lie in one pooled buffer that grows to the
/// largest event. Lines end with LF or CRLF; a lone CR, which no runtime sends, is not taken for a line end.
/// </summary>
internal sealed class EventReader(Stream stream, int maxEventBytes) : IDisposable
{
    private const int FirstBuffer = 16 * 1024;
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(FirstBuffer);
    private int _start;
    private int _scanned;
    private int _end;

    /// <summary>Reads more bytes. 0 at the end of the stream. Spans taken before are void afterwards.</summary>
    /// <exception cref="InvalidDataException">One event is larger than allowed.</exception>
    public async ValueTask<int> ReadAsync(CancellationToken cancel)
    {
        MakeRoom();
        var read = await stream.ReadAsync(_buffer.AsMemory(_end), cancel);
        _end += read;
        return read;
    }

    /// <summary>The next whole event in the buffer, if there is one.</summary>
    public bool TryTake(out StreamEvent next)
    {
        while (true)
        {
            var length = FindEnd();
            if (length < 0)
            {
                next = default;
                return false;
            }
            var raw = _buffer.AsSpan(_start, length);
            _start += length;
            _scanned = _start;
            if (raw.Length <= 2) continue;
            next = new StreamEvent(raw, DataOf(raw));
            return true;
        }
    }

    public void Dispose()
    {
        if (_buffer.Length == 0) return;
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    /// <summary>Bytes up to and including the blank line that ends the event, or -1. Remembers how far it looked: no byte is scanned twice.</summary>
    private int FindEnd()
    {
        while (true)
        {
            var at = _buffer.AsSpan(_scanned, _end - _scanned).IndexOf((byte)'\n');
            if (at < 0)
            {
                _scanned = _end;
                return -1;
            }
            var lineEnd = _scanned + at;
            if (lineEnd == _start || (lineEnd == _start + 1 && _buffer[_start] == '\r')) return lineEnd + 1 - _start;
            var next = lineEnd + 1;
            if (next < _end && _buffer[next] == '\n') return next + 1 - _start;
            if (next + 1 < _end && _buffer[next] == '\r' && _buffer[next + 1] == '\n') return next + 2 - _start;
            if (next >= _end || (_buffer[next] == '\r' && next + 1 >= _end))
            {
                _scanned = lineEnd;
                return -1;
            }
            _scanned = next;
        }
    }

    private void MakeRoom()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _scanned -= _start;
            _end -= _start;
            _start = 0;
        }
        if (_end < _buffer.Length) return;
        if (_buffer.Length >= maxEventBytes) throw new InvalidDataException($"The replica sent an event larger than {maxEventBytes} bytes.");
        var larger = ArrayPool<byte>.Shared.Rent((int)Math.Min((long)_buffer.Length * 2, maxEventBytes));
        _buffer.AsSpan(0, _end).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }

    private static ReadOnlySpan<byte> DataOf(ReadOnlySpan<byte> raw)
    {
        ReadOnlySpan<byte> data = default;
        byte[]? joined = null;
        while (raw.Length > 0)
        {
            var end = raw.IndexOf((byte)'\n');
            var line = end < 0 ? raw : raw[..end];
            raw = end < 0 ? default : raw[(end + 1)..];
            if (line.EndsWith("\r"u8)) line = line[..^1];
            if (!line.StartsWith("data:"u8)) continue;
            line = line.StartsWith("data: "u8) ? line[6..] : line[5..];
            if (data.IsEmpty)
            {
                data = line;
                continue;
            }
            // Several data lines are one value joined by line feeds: rare enough to allocate.
            joined = [.. data, (byte)'\n', .. line];
            data = joined;
        }
        return data;
    }
}
