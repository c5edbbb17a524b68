using System.Diagnostics;
using Amalgam.ControlPlane.Ports;
using Amalgam.ControlPlane.State;
using Amalgam.Storage;
using Amalgam.Storage.Postgres;

namespace Amalgam.Hosting;

/// <summary>The journal that this control plane writes, and on PostgreSQL the lead that it needs for that.</summary>
internal sealed class OpenJournal : IDisposable
{
    private static readonly TimeSpan StartingPatience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan RenewEvery = TimeSpan.FromSeconds(1);

    private readonly IJournal _journal;
    private readonly PostgresLeadership? _leadership;
    private readonly CancellationTokenSource _closing = new();
    private Task _watching = Task.CompletedTask;
    private Cloud? _cloud;

    private OpenJournal(IJournalStore store, IJournal journal, PostgresLeadership? leadership) => (Store, _journal, _leadership) = (store, journal, leadership);

    public IJournalStore Store { get; }

    /// <summary>Opens the journal, on PostgreSQL when this control plane leads; until then it waits and says so.</summary>
    public static async Task<OpenJournal> OpenAsync(IJournalStore store, DataDirectory data, Action<string> tell)
    {
        if (store is not PostgresStore postgres)
        {
            return new OpenJournal(store, SqliteJournal.Open(data.Journal), null);
        }

        await PrepareAsync(postgres, tell);
        StoreChoice.Remember(data, store);
        var leadership = new PostgresLeadership(postgres.Address, $"{Environment.MachineName} process {Environment.ProcessId}");
        try
        {
            await LeadAsync(leadership, tell);
            return new OpenJournal(store, new PostgresJournal(postgres.Address), leadership);
        }
        catch
        {
            leadership.Dispose();
            throw;
        }
    }

    public Cloud Replay()
    {
        _cloud = new Cloud(_journal, TimeProvider.System);
        if (_leadership is { } lead)
        {
            _cloud.MayAct = () => lead.MayAct;
            ((PostgresJournal)_journal).Lead(lead.Epoch);
        }

        return _cloud;
    }

    /// <summary>Renews the lead until this is closed; calls back when another leads.</summary>
    public void Watch(Action deposed)
    {
        if (_leadership is { } lead)
        {
            _watching = Task.Factory.StartNew(() => Renew(lead, deposed), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
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

    private void Renew(PostgresLeadership lead, Action deposed)
    {
        while (!_closing.Token.WaitHandle.WaitOne(RenewEvery))
        {
            try
            {
                lead.Renew(null);
            }
            catch (DeposedException why)
            {
                _cloud!.Depose(why);
                deposed();
                return;
            }
            catch (JournalException)
            {
                // The database is away. The journal says so to whoever wants to write; here it is tried again at the next turn.
            }
        }
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

    private static async Task LeadAsync(PostgresLeadership leadership, Action<string> tell)
    {
        string? told = null;
        while (true)
        {
            var line = Look(leadership, told is null, out var leads);
            if (leads)
            {
                return;
            }

            if (line != told)
            {
                tell(told = line!);
            }

            await Task.Delay(LookEvery);
        }
    }

    private static string? Look(PostgresLeadership leadership, bool first, out bool leads)
    {
        leads = false;
        try
        {
            leads = leadership.TryLead(null);
            return $"standing by: {leadership.Leader!.Holder} leads this cloud; this control plane takes over when that one is gone";
        }
        catch (JournalException away) when (!first)
        {
            return $"standing by: {away.Message}";
        }
    }
}
