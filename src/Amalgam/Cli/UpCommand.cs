using System.Runtime.InteropServices;
using Amalgam.ControlPlane.Ports;
using Amalgam.ControlPlane.State;
using Amalgam.Hosting;
using Microsoft.Extensions.Hosting;

namespace Amalgam.Cli;

/// <summary>`amalgam up`: the cloud on this machine, until Ctrl-C.</summary>
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
        using var data = DataDirectory.Open(options.Data);
        var machine = await Machine.LookAsync(data.Catalogue, options.Chips, CancellationToken.None);
        try
        {
            await using var host = await CloudHost.CreateAsync(options, listen, data, machine);
            await host.StartAsync();
            var key = KeepKey(data, host);
            var url = listen.Url(new Uri(host.Address).Port);
            if (key is not null)
            {
                new Credentials(url, key).Write();
            }

            Banner.Print(url, data, machine, options, host.NewSecret, key is not null);
            return await StopOnSignalAsync(host);
        }
        catch (JournalException wrong)
        {
            throw new CommandException(wrong.Message);
        }
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
    private static async Task<int> StopOnSignalAsync(CloudHost host)
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
            whole = await host.Get<Drain>().RunAsync(line => Console.WriteLine(line), hurry.Token);
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
