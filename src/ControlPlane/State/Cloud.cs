using Amalgam.ControlPlane.Ports;
using Amalgam.Core;
using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;

namespace Amalgam.ControlPlane.State;

/// <summary>
/// The one place where the state lives. A change decides on the present state under a lock, is applied at once, and is acknowledged when it is
/// on disk. Reads see changes that are not durable yet; answers to whoever made the change wait.
/// </summary>
public sealed class Cloud
{
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly CloudState _state = new();
    private readonly IJournal _journal;
    private readonly TimeProvider _clock;
    private Task _lastAppend = Task.CompletedTask;
    private volatile Exception? _defect;

    /// <summary>Replays the journal. Throws <see cref="JournalException"/> when it is damaged.</summary>
    public Cloud(IJournal journal, TimeProvider clock)
    {
        (_journal, _clock) = (journal, clock);
        foreach (var record in journal.ReadAll())
        {
            _state.Apply(record);
            if (Audit.IsKept(record.Event))
            {
                _recent.Enqueue(record);
                if (_recent.Count > 50_000)
                {
                    _recent.Dequeue();
                }
            }
        }

        _lastAtMs = _state.LastAtMs;
    }

    private Queue<JournalRecord> _recent = new();

    /// <summary>The last records found at the start that are not charges; gone after the first call.</summary>
    public IReadOnlyCollection<JournalRecord> TakeRecent() => Interlocked.Exchange(ref _recent, new Queue<JournalRecord>());

    /// <summary>Raised after every change, outside the lock. Handlers must not wait.</summary>
    public event Action<IReadOnlyList<JournalRecord>>? Changed;

    /// <summary>Told of every record right after the state took it in, under the lock. Handlers must be quick and not fail.</summary>
    public event Action<JournalRecord>? Applied;

    /// <summary>Why nothing is written any more; null in good health.</summary>
    public string? Defect => _defect?.Message;

    /// <summary>Why nothing is acknowledged at present: the defect, or a store that is away and will be tried again.</summary>
    public string? Trouble => Defect ?? _journal.Trouble;

    /// <summary>Whether this control plane may act on the world. False while another may have taken the lead: records are fenced by the store, engines are not.</summary>
    public Func<bool> MayAct { get; set; } = static () => true;

    /// <summary>Ends all writing, because the store found that another control plane leads.</summary>
    public void Depose(DeposedException why) => _defect ??= why;

    /// <summary>Never behind the last record, so that a clock that was set back cannot reorder the journal.</summary>
    public long NowMs => Math.Max(_clock.GetUtcNow().ToUnixTimeMilliseconds(), Volatile.Read(ref _lastAtMs));

    private long _lastAtMs;

    /// <summary>Takes in what another control plane has written: the state of one that stands by is as warm as the leader's.</summary>
    public void Follow(IEnumerable<JournalRecord> records)
    {
        List<JournalRecord> taken = [];
        foreach (var record in records)
        {
            lock (_gate)
            {
                ApplyOrStop(record);
                Volatile.Write(ref _lastAtMs, _state.LastAtMs);
            }

            taken.Add(record);
        }

        if (taken.Count > 0)
        {
            Changed?.Invoke(taken);
        }
    }

    public T Read<T>(Func<CloudState, T> query)
    {
        lock (_gate)
        {
            return query(_state);
        }
    }

    /// <summary>Appends what <paramref name="decide"/> returns, all or nothing. Returns when it is on disk.</summary>
    public async Task<Outcome<T>> ChangeAsync<T>(Actor by, Func<CloudState, long, Decision<T>> decide)
    {
        Decision<T> decision;
        Task durable;
        List<JournalRecord> records = [];
        lock (_gate)
        {
            if (_defect is { } defect)
            {
                return new Refusal(RefusalCodes.Unavailable, $"the cloud writes nothing since its journal failed ({defect.Message}): restart it");
            }

            // A loop's change, and a charge for what was delivered, wait for the store; a person is told.
            if (by.KeyId is not null && _journal.Trouble is { } away)
            {
                return new Refusal(RefusalCodes.Unavailable, $"the cloud cannot write now ({away}): it goes on by itself when that is mended; try again then");
            }

            var nowMs = Math.Max(NowMs, _state.LastAtMs);
            decision = decide(_state, nowMs);
            if (decision.Refusal is { } refusal)
            {
                return refusal;
            }

            if (decision.Events.Count == 0)
            {
                return decision.Value!;
            }

            foreach (var fact in decision.Events)
            {
                records.Add(new JournalRecord(_state.LastSequence + 1, nowMs, by, fact));
                ApplyOrStop(records[^1]);
            }

            Volatile.Write(ref _lastAtMs, nowMs);
            durable = _lastAppend = _journal.Append(records);
        }

        Changed?.Invoke(records);
        return await AcknowledgeAsync(durable, by) is { } unsure ? unsure : decision.Value!;
    }

    /// <summary>Done when everything that a read has shown so far is on disk; fails when the journal did.</summary>
    public Task DurableAsync()
    {
        lock (_gate)
        {
            return _lastAppend;
        }
    }

    private void ApplyOrStop(JournalRecord record)
    {
        try
        {
            _state.Apply(record);
            Applied?.Invoke(record);
        }
        catch (Exception wrong)
        {
            // The state may be half changed: nothing of it may reach the disk.
            _defect = wrong;
            throw;
        }
    }

    /// <summary>A person is told when it takes long because the store is away; loops and the gateway wait, because what they do next rests on it.</summary>
    private async Task<Refusal?> AcknowledgeAsync(Task durable, Actor by)
    {
        try
        {
            while (_journal.CanBeAway && by.KeyId is not null && !durable.IsCompleted)
            {
                if (await Task.WhenAny(durable, Task.Delay(AnswerWithin, _clock)) != durable && _journal.Trouble is { } away)
                {
                    return new Refusal(RefusalCodes.Unavailable, $"the change is not on disk yet ({away}): it may still be written when that is mended, so look before you ask for it again");
                }
            }

            await durable;
            return null;
        }
        catch (Exception failed)
        {
            _defect ??= failed;
            throw;
        }
    }
}

/// <summary>What a change came to: events with a value, or a refusal.</summary>
public readonly record struct Decision<T>(T? Value, IReadOnlyList<JournalEvent> Events, Refusal? Refusal)
{
    public static implicit operator Decision<T>(Refusal refusal) => new(default, [], refusal);
}

public static class Decide
{
    public static Decision<T> Yes<T>(T value, params IReadOnlyList<JournalEvent> events) => new(value, events, null);
}
