using System.Threading.Channels;
using Amalgam.ControlPlane.Ports;
using Amalgam.Core.Journal;

namespace Amalgam.Storage;

/// <summary>
/// One thread encodes and chains records, another commits them; records that arrive while a commit runs share the next one, and are encoded meanwhile.
/// A commit that throws <see cref="JournalException"/> is the last: nothing is acknowledged after it.
/// </summary>
internal sealed class GroupCommit : IDisposable
{
    /// <summary>Batches in one commit at most: whoever came first must not wait for those who come for ever.</summary>
    private const int MostTogether = 1024;

    private readonly Channel<Batch> _queue = Channel.CreateUnbounded<Batch>(new() { SingleReader = true });
    private readonly Channel<Encoded> _encoded = Channel.CreateBounded<Encoded>(new BoundedChannelOptions(4 * MostTogether) { SingleReader = true, SingleWriter = true });
    private readonly Action<List<JournalRow>> _commit;
    private readonly JournalChain _chain;
    private readonly Thread _encoder;
    private readonly Thread _writer;
    private volatile JournalException? _failed;

    /// <param name="chain">Stands at the last record on disk.</param>
    /// <param name="commit">Writes all rows or none, and returns when they are on disk. Called by one thread.</param>
    public GroupCommit(JournalChain chain, Action<List<JournalRow>> commit)
    {
        (_chain, _commit) = (chain, commit);
        _encoder = new Thread(Encode) { IsBackground = true, Name = "journal encoder" };
        _writer = new Thread(Write) { IsBackground = true, Name = "journal" };
        _encoder.Start();
        _writer.Start();
    }

    public Task Append(IReadOnlyList<JournalRecord> records)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!_queue.Writer.TryWrite(new Batch(records, done)))
        {
            done.SetException(_failed ?? new JournalException("the journal is closed"));
        }

        return done.Task;
    }

    /// <summary>Writes what is queued, then ends.</summary>
    public void Dispose()
    {
        _queue.Writer.TryComplete();
        _encoder.Join();
        _writer.Join();
    }

    private void Encode()
    {
        while (_queue.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            while (_queue.Reader.TryRead(out var batch))
            {
                var encoded = new Encoded(EncodeRows(batch.Records), batch.Done);
                if (!_encoded.Writer.TryWrite(encoded))
                {
                    _encoded.Writer.WriteAsync(encoded).AsTask().GetAwaiter().GetResult();
                }
            }
        }

        _encoded.Writer.Complete();
    }

    private JournalRow[] EncodeRows(IReadOnlyList<JournalRecord> records)
    {
        var rows = new JournalRow[records.Count];
        for (var at = 0; at < rows.Length; at++)
        {
            rows[at] = _chain.Add(records[at]);
        }

        return rows;
    }

    private void Write()
    {
        var batches = new List<Encoded>();
        var rows = new List<JournalRow>();
        while (_encoded.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            batches.Clear();
            rows.Clear();
            while (batches.Count < MostTogether && _encoded.Reader.TryRead(out var batch))
            {
                batches.Add(batch);
                rows.AddRange(batch.Rows);
            }

            Commit(rows);
            foreach (var batch in batches)
            {
                _ = _failed is null ? batch.Done.TrySetResult() : batch.Done.TrySetException(_failed);
            }
        }
    }

    private void Commit(List<JournalRow> rows)
    {
        if (_failed is not null)
        {
            return;
        }

        try
        {
            _commit(rows);
        }
        catch (JournalException failed)
        {
            _failed = failed;
        }
    }

    private sealed record Batch(IReadOnlyList<JournalRecord> Records, TaskCompletionSource Done);

    private sealed record Encoded(JournalRow[] Rows, TaskCompletionSource Done);
}
