using System.Diagnostics;
using Amalgam.ControlPlane.Ports;
using Amalgam.ControlPlane.State;
using Amalgam.Storage;
using Amalgam.Storage.Postgres;

namespace Amalgam.Hosting;

/// <summary>
/// The journal, the state that it adds up to, and on PostgreSQL the lead. A control plane that does not lead follows: it takes in what the leader writes, so that it has nothing to
/// read when it takes over.
/// </summary>
internal sealed class OpenJournal : IDisposable
{
    private static readonly TimeSpan StartingPatience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan RenewEvery = TimeSpan.FromSeconds(1);

    private readonly IJournal _journal;
    private readonly PostgresLeadership? _leadership;
    private readonly CancellationTokenSource _closing = new();
    private Task _watching = Task.CompletedTask;

    private OpenJournal(IJournalStore store, IJournal journal, PostgresLeadership? leadership)
    {
        (Store, _journal, _leadership) = (store, journal, leadership);
        Cloud = new Cloud(journal, TimeProvider.System);
        if (leadership is not null)
        {
            Cloud.MayAct = () => leadership.MayAct;
        }
    }

    public IJournalStore Store { get; }

    public Cloud Cloud { get; }

    public bool Leads { get; private set; }

    /// <summary>The leader as last seen, while this follows.</summary>
    public LeaderRow? Leader => _leadership?.Leader;

    /// <summary>Opens and replays the journal, and leads at once where nobody else does.</summary>
    public static async Task<OpenJournal> OpenAsync(IJournalStore store, DataDirectory data, Action<string> tell)
    {
        if (store is not PostgresStore postgres)
        {
            return OfFile(store, data);
        }

        await PrepareAsync(postgres, tell);
        StoreChoice.Remember(data, store);
        var leadership = new PostgresLeadership(postgres.Address, $"{Environment.MachineName} process {Environment.ProcessId}");
        var journal = new PostgresJournal(postgres.Address);
        try
        {
            var opened = new OpenJournal(store, journal, leadership);
            opened.TryLead(null);
            return opened;
        }
        catch
        {
            journal.Dispose();
            leadership.Dispose();
            throw;
        }
    }

    /// <summary>One step of following: what is new, and the lead where nobody has it any more. Throws <see cref="JournalException"/> when the database is away.</summary>
    public bool TryLead(string? address)
    {
        Cloud.Follow(_journal.ReadAll());
        if (!_leadership!.TryLead(address))
        {
            return false;
        }

        // The leader of before can write nothing more: what is there now is all there is.
        Cloud.Follow(_journal.ReadAll());
        ((PostgresJournal)_journal).Lead(_leadership.Epoch);
        return Leads = true;
    }

    /// <summary>Follows until this control plane leads or <paramref name="cancel"/> is asked for.</summary>
    public async Task FollowAsync(string address, Action<string> tell, CancellationToken cancel)
    {
        string? told = null;
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                if (TryLead(address))
                {
                    return;
                }

                told = null;
            }
            catch (JournalException away) when (away is not DeposedException)
            {
                if (told != away.Message)
                {
                    tell(told = away.Message);
                }
            }

            await Task.Delay(LookEvery, cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Whether another control plane takes over when this one stops.</summary>
    public bool HasStandby()
    {
        try
        {
            return _leadership?.HasStandby() ?? false;
        }
        catch (JournalException)
        {
            return false;
        }
    }

    /// <summary>Renews the lead until this is closed; calls back once when another leads.</summary>
    public void Watch(string address, Action deposed)
    {
        if (_leadership is { } lead)
        {
            _watching = Task.Factory.StartNew(() => Renew(lead, address, deposed), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }
    }

    public void Dispose()
    {
        _closing.Cancel();
        _watching.GetAwaiter().GetResult();
        (_journal as IDisposable)?.Dispose();
        _leadership?.Dispose();
        _closing.Dispose();
    }

    private static OpenJournal OfFile(IJournalStore store, DataDirectory data)
    {
        var journal = SqliteJournal.Open(data.Journal);
        try
        {
            return new OpenJournal(store, journal, null) { Leads = true };
        }
        catch
        {
            journal.Dispose();
            throw;
        }
    }

    private void Renew(PostgresLeadership lead, string address, Action deposed)
    {
        do
        {
            try
            {
                lead.Renew(address);
            }
            catch (DeposedException why)
            {
                Cloud.Depose(why);
                deposed();
                return;
            }
            catch (JournalException)
            {
                // The database is away. The journal says so to whoever wants to write; here it is tried again at the next turn.
            }
        }
        while (!_closing.Token.WaitHandle.WaitOne(RenewEvery));
    }

    /// <summary>A server that is just starting is waited for; everything else is said at once.</summary>
    private static async Task PrepareAsync(PostgresStore store, Action<string> tell)
    {
        for (var begun = Stopwatch.GetTimestamp(); ;)
        {
            try
            {
                store.Prepare(null);
                return;
            }
            catch (JournalException wrong) when (PostgresStore.IsStarting(wrong) && Stopwatch.GetElapsedTime(begun) < StartingPatience)
            {
                tell(wrong.Message);
                await Task.Delay(TimeSpan.FromSeconds(1));
            }
        }
    }
}
