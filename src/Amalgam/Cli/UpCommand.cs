using System.Runtime.InteropServices;
using Amalgam.ControlPlane.Ports;
using Amalgam.ControlPlane.State;
using Amalgam.Hosting;
using Amalgam.Storage.Postgres;
using Microsoft.Extensions.Hosting;

namespace Amalgam.Cli;

/// <summary>`amalgam up`: the cloud on this machine, until Ctrl-C; or one that stands by, until it leads.</summary>
internal static class UpCommand
{
    public static async Task<int> RunAsync(UpOptions options)
    {
        await EngineList.CheckAsync(options, CancellationToken.None);
        if (Core.Ledger.Invoices.Currencies.Check(options.Currency) is { } unknown)
        {
            throw new CommandException(unknown.Message, 2);
        }

        var listen = ListenAddress.Parse(options);
        var store = StoreChoice.Of(options.Data, options.Store);
        using var data = DataDirectory.Open(options.Data, shared: store is PostgresStore);
        var machine = await Machine.LookAsync(data.Catalogue, options.Chips, CancellationToken.None);
        try
        {
            using var journal = await OpenJournal.OpenAsync(store, data, Console.WriteLine);
            await using var standby = journal.Leads ? null : await Standby.StartAsync(options, listen, journal);
            if (standby is not null && !await StandByAsync(standby, listen, data, journal))
            {
                return 0;
            }

            // Who reached it while it stood by goes on reaching it at the same place.
            return await LeadAsync(options, standby is null ? listen : listen with { Port = standby.Port }, data, machine, journal, standby);
        }
        catch (JournalException wrong)
        {
            throw new CommandException(wrong.Message);
        }
    }

    private static async Task<int> LeadAsync(UpOptions options, ListenAddress listen, DataDirectory data, Machine machine, OpenJournal journal, Standby? standby)
    {
        await using var host = await CloudHost.CreateAsync(options, listen, data, machine, journal);
        if (standby is not null)
        {
            // As late as can be: its port is what clients wait at.
            await standby.DisposeAsync();
        }

        await host.StartAsync();
        var key = KeepKey(data, host);
        var url = listen.Url(new Uri(host.Address).Port);
        journal.Watch(url, () => Leave(journal.Cloud));
        if (key is not null)
        {
            new Credentials(url, key).Write();
        }

        Banner.Print(url, data, machine, options, host.NewSecret, key is not null);
        return await StopOnSignalAsync(host, journal);
    }

    /// <summary>True when this is to lead now; false when it was asked to stop.</summary>
    private static async Task<bool> StandByAsync(Standby standby, ListenAddress listen, DataDirectory data, OpenJournal journal)
    {
        using var stop = new CancellationTokenSource();
        void Handle(PosixSignalContext context)
        {
            context.Cancel = true;
            stop.Cancel();
        }

        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle);
        Banner.PrintStandby(listen.Url(standby.Port), data, journal.Leader!);
        await journal.FollowAsync(listen.Url(standby.Port), Console.WriteLine, stop.Token);
        Console.WriteLine(journal.Leads ? "\nthe leader is gone: this control plane leads now" : "\nstopped standing by; the cloud runs on");
        return journal.Leads;
    }

    /// <summary>Another control plane leads. Nothing that this one knows or does may count any more, so it does not say goodbye to anybody.</summary>
    private static void Leave(Cloud cloud)
    {
        Console.Error.WriteLine($"amalgam: {cloud.Defect}. What runs goes on under the other; start this one again and it stands by");
        Environment.Exit(1);
    }

    /// <summary>The admin key lies in the data directory, for its owner only, until that file is deleted.</summary>
    private static string? KeepKey(DataDirectory data, CloudHost host)
    {
        if (host.NewSecret is { } secret)
        {
            DataDirectory.WritePrivate(data.AdminKey, secret + "\n");
        }

        return File.Exists(data.AdminKey) ? File.ReadAllText(data.AdminKey).Trim() : null;
    }

    /// <summary>The first signal drains, the second leaves at once; members then stay and are found by the next start.</summary>
    private static async Task<int> StopOnSignalAsync(CloudHost host, OpenJournal journal)
    {
        var first = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var hurry = new CancellationTokenSource();
        void Handle(PosixSignalContext context)
        {
            context.Cancel = true;
            if (!first.TrySetResult())
            {
                hurry.Cancel();
            }
        }

        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle);
        var stopped = host.WaitForStopAsync();
        await Task.WhenAny(first.Task, stopped);
        Console.WriteLine();
        var whole = true;
        try
        {
            whole = await host.Get<Drain>().RunAsync(line => Console.WriteLine(line), journal.HasStandby, hurry.Token);
            Console.WriteLine(whole ? "stopped: everything is in the journal, `amalgam up` carries on" : "stopped; what runs goes on, `amalgam up` finds it again");
        }
        catch (OperationCanceledException) when (hurry.IsCancellationRequested)
        {
            Console.WriteLine("left at once: what runs goes on, `amalgam up` finds it again");
        }

        host.Get<IHostApplicationLifetime>().StopApplication();
        await stopped;
        return whole ? 0 : 1;
    }
}
