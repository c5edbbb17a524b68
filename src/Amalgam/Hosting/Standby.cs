using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Amalgam.Hosting;

/// <summary>
/// What a control plane does until it leads: it follows the journal, and passes every request on to the leader, whose gateway alone reserves and charges. So there is one writer, and
/// nothing to reconcile when the leader is gone.
/// </summary>
internal sealed class Standby : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly LeaderProxy _proxy;
    private bool _ended;

    private Standby(WebApplication app, LeaderProxy proxy) => (_app, _proxy, Port) = (app, proxy, new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()).Port);

    public int Port { get; }

    public static async Task<Standby> StartAsync(UpOptions options, ListenAddress listen, OpenJournal journal)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(server => CloudHost.Listen(server, listen, CloudHost.Certificate(options)));
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        // Whatever is still being passed on comes from a leader that is gone.
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromMilliseconds(200));
        var app = builder.Build();
        var proxy = new LeaderProxy(() => journal.Leads ? null : journal.Leader?.Address);
        app.MapGet("/health/live", () => Results.Text("live\n"));
        app.MapGet("/health/ready", () => Results.Text(journal.Leader is { } leader ? $"standing by: {leader.Holder} leads\n" : "standing by\n"));
        app.MapFallback(proxy.PassAsync);
        await CloudHost.StartAsync(app);
        return new Standby(app, proxy);
    }

    /// <summary>Ends what is still being passed on, and frees the port.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_ended)
        {
            return;
        }

        _ended = true;
        _proxy.End();
        using var soon = new CancellationTokenSource(TimeSpan.FromMilliseconds(500));
        try
        {
            await _app.StopAsync(soon.Token);
        }
        catch (OperationCanceledException)
        {
            // Connections that do not end are ended.
        }

        await _app.DisposeAsync();
        _proxy.Dispose();
    }
}
