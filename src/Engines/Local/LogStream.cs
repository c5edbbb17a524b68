using System.Text;
using Amalgam.ControlPlane.Ports;
using Microsoft.Win32.SafeHandles;

namespace Amalgam.Engines.Local;

/// <summary>Reads one stream of a member from its file, line by line, over the hole where the middle was given back.</summary>
internal sealed class LogStream : IDisposable
{
    /// <summary>Longer lines are cut here and say so.</summary>
    public const int LineBytes = 64 << 10;

    private readonly string _name;
    private readonly SafeFileHandle? _file;
    private readonly byte[] _buffer = new byte[64 << 10];
    private readonly LineBuffer _line = new();
    private long _position;

    public LogStream(string name, string path)
    {
        _name = name;
        try
        {
            _file = File.OpenHandle(path, share: FileShare.ReadWrite | FileShare.Delete);
        }
        catch (IOException)
        {
            _file = null; // nothing was ever written
        }
    }

    public long Length => _file is null ? 0 : RandomAccess.GetLength(_file);

    /// <summary>Moves to the beginning of the last lines, counted backwards, or to the hole if that comes first.</summary>
    public void SeekLastLines(int lines)
    {
        var (end, wanted) = (Length, lines + 1); // the newline at the very end closes the last line and begins none
        while (_file is not null && end > 0)
        {
            var start = Math.Max(0, end - _buffer.Length);
            var hole = HoleFrom(start);
            var data = hole < end ? Posix.LSeek(_file, hole, Posix.SEEK_DATA) : start;
            if (data < 0 || data > end) data = end;
            if (FindBackwards(data, end, ref wanted)) return;
            if (hole < end)
            {
                _position = hole;
                return;
            }

            end = start;
        }

        _position = 0;
    }

    private bool FindBackwards(long start, long end, ref int wanted)
    {
        var read = RandomAccess.Read(_file!, _buffer.AsSpan(0, (int)(end - start)), start);
        for (var i = read - 1; i >= 0; i--)
        {
            if (_buffer[i] != '\n' || --wanted > 0) continue;
            _position = start + i + 1;
            return true;
        }

        return false;
    }

    /// <summary>All whole lines up to the given byte; what is unfinished there waits for the next call.</summary>
    public IEnumerable<LogLine> Drain(long limit)
    {
        while (_file is not null && _position < limit)
        {
            if (Length < _position) _position = Length; // cut back on a file system without holes
            if (SkipHole() is { } notice) yield return notice;
            var wanted = (int)Math.Min(_buffer.Length, Math.Min(limit, NextHole()) - _position);
            var read = wanted <= 0 ? 0 : RandomAccess.Read(_file, _buffer.AsSpan(0, wanted), _position);
            if (read == 0) yield break;
            if (NextHole() < _position + read) continue; // was given back while we read
            _position += read;
            for (var from = 0; from < read;)
            {
                var newline = _buffer.AsSpan(from, read - from).IndexOf((byte)'\n');
                _line.Add(_buffer.AsSpan(from, newline < 0 ? read - from : newline));
                if (newline < 0) break;
                yield return new LogLine(_name, _line.Take());
                from += newline + 1;
            }
        }
    }

    /// <summary>The last line of a member that ended without a newline.</summary>
    public LogLine? Rest() => _line.IsEmpty ? null : new LogLine(_name, _line.Take());

    public void Dispose() => _file?.Dispose();

    /// <summary>Where the data from here on end: at the hole, or at the end of the file.</summary>
    private long NextHole() => HoleFrom(_position);

    private long HoleFrom(long start) => Posix.LSeek(_file!, start, Posix.SEEK_HOLE) is var hole && hole >= 0 ? hole : Length;

    private LogLine? SkipHole()
    {
        var data = Posix.LSeek(_file!, _position, Posix.SEEK_DATA);
        if (data <= _position) return null;
        var gone = data - _position;
        _position = data;
        _line.Take(); // the line that the hole cuts in two
        return new LogLine(_name, $"[{gone / 1048576.0:0.0} MiB of output are not kept here: the log keeps its beginning and its end]");
    }

    /// <summary>Gathers one line within its bound.</summary>
    private sealed class LineBuffer
    {
        private byte[] _bytes = new byte[256];
        private int _length;
        private long _cut;

        public bool IsEmpty => _length == 0;

        public void Add(ReadOnlySpan<byte> bytes)
        {
            var taken = Math.Min(bytes.Length, LineBytes - _length);
            _cut += bytes.Length - taken;
            if (_length + taken > _bytes.Length) Array.Resize(ref _bytes, Math.Min(LineBytes, Math.Max(2 * _bytes.Length, _length + taken)));
            bytes[..taken].CopyTo(_bytes.AsSpan(_length));
            _length += taken;
        }

        /// <summary>Bytes that are no UTF-8 become U+FFFD. Of a progress bar, which returns to the line's start, the last state is shown, as on a terminal.</summary>
        public string Take()
        {
            var line = _bytes.AsSpan(0, _length).TrimEnd((byte)'\r');
            var text = Encoding.UTF8.GetString(line[(line.LastIndexOf((byte)'\r') + 1)..]);
            if (_cut > 0) text += $" [{_cut} more bytes of this line are not shown]";
            (_length, _cut) = (0, 0);
            return text;
        }
    }
}
