using System.Security.Cryptography.X509Certificates;
using Amalgam.ControlPlane.Api;
using Amalgam.ControlPlane.Commands;
using Amalgam.ControlPlane.Loops;
using Amalgam.ControlPlane.Ports;
using Amalgam.ControlPlane.State;
using Amalgam.ControlPlane.Views;
using Amalgam.Core.Journal;
using Amalgam.Core.Ledger.Budgets;
using Amalgam.Gateway;
using Amalgam.Gateway.Forwarding;
using Amalgam.Gateway.Ports;
using Amalgam.Pages;
using Amalgam.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Amalgam.Hosting;

/// <summary>Control plane, gateway and local engine in one process.</summary>
internal sealed class CloudHost : IAsyncDisposable
{
    private static readonly Actor Me = Actor.Loop("up");

    private readonly WebApplication _app;
    private CloudHost(WebApplication app, string? newSecret) => (_app, NewSecret) = (app, newSecret);

    /// <summary>The owner's key when this start made the cloud.</summary>
    public string? NewSecret { get; }

    public string Address => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();

    public T Get<T>() where T : notnull => _app.Services.GetRequiredService<T>();

    public static async Task<CloudHost> CreateAsync(UpOptions options, ListenAddress listen, DataDirectory data, Machine machine, OpenJournal opened)
    {
        var cloud = opened.Cloud;
        var secret = ChangeKeys.NewSecret();
        var founded = await cloud.ChangeAsync(Me, (state, nowMs) => FoundCloud.Decide(state, secret, options.Currency, AppVersion.Text, nowMs));
        if (founded.Refusal is { } refusal)
        {
            throw new CommandException(refusal.Message);
        }

        await RecoverAsync(cloud);
        return new CloudHost(Build(options, listen, data, machine, cloud, opened.Store), founded.Value is null ? null : secret);
    }

    /// <summary>Requests that the process before had begun and not ended: nobody speaks for them any more.</summary>
    private static async Task RecoverAsync(Cloud cloud)
    {
        KillPoints.At("before-recovery");
        await cloud.ChangeAsync(Me, (state, nowMs) =>
        {
            var events = RequestRules.Recovered(state);
            KillPoints.At("during-recovery");
            return Decide.Yes(events.Count, events);
        });
        KillPoints.At("after-recovery");
    }

    public Task StartAsync() => StartAsync(_app);

    internal static async Task StartAsync(WebApplication app)
    {
        try
        {
            await app.StartAsync();
        }
        catch (IOException fault)
        {
            throw new CommandException($"cannot listen: {fault.Message.ReplaceLineEndings(" ")} Choose another --listen address");
        }
    }

    public Task WaitForStopAsync() => _app.WaitForShutdownAsync();

    private static WebApplication Build(UpOptions options, ListenAddress listen, DataDirectory data, Machine machine, Cloud cloud, IJournalStore store)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        var own = Certificate(options);
        builder.Logging.ClearProviders().AddSimpleConsole(console => console.SingleLine = true).SetMinimumLevel(LogLevel.Warning).AddFilter("Microsoft.Hosting.Lifetime", LogLevel.None);
        builder.WebHost.ConfigureKestrel(server =>
        {
            server.AddServerHeader = false;
            // The gateway and the API bound bodies themselves, with answers in their own envelopes.
            server.Limits.MaxRequestBodySize = null;
            Listen(server, listen, own);
        });
        // Signals are ours: the host's own handling would stop the loops before they have drained.
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(60));
        AddCloud(builder.Services, options, data, machine, cloud, listen, store);
        builder.Services.AddGateway(new GatewayOptions());
        builder.Services.AddControlApi();
        WebApplication? running = null;
        Directory.CreateDirectory(data.In("console"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        builder.Services.AddConsole(new ConsoleOptions(() => running!.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First(), data.In("console"), AppVersion.Text, own));
        var app = running = builder.Build();
        Metrics.Map(app);
        app.MapGateway();
        app.MapControlApi();
        app.MapConsole();
        Signals.Connect(app.Services);
        return app;
    }

    internal static void Listen(KestrelServerOptions server, ListenAddress listen, X509Certificate2? own) => server.Listen(listen.Address, listen.Port, endpoint =>
    {
        if (own is not null)
        {
            endpoint.UseHttps(own);
        }
    });

    /// <summary>Null = plain HTTP.</summary>
    internal static X509Certificate2? Certificate(UpOptions options) => options.Certificate is { } certificate ? LoadCertificate(certificate, options.CertificateKey) : null;

    private static void AddCloud(IServiceCollection services, UpOptions options, DataDirectory data, Machine machine, Cloud cloud, ListenAddress listen, IJournalStore store)
    {
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(store.Past);
        services.AddSingleton(cloud);
        services.AddSingleton(machine);
        services.AddSingleton(new CloudIdentity(AppVersion.Text, listen.Url(listen.Port), DateTimeOffset.UtcNow));
        services.AddSingleton(new ReplicaKeys(data.Secret));
        services.AddSingleton<ICatalogue>(new CatalogueAdapter(machine, new Lazy<Cloud>(cloud)));
        services.AddSingleton<IModels>(new ModelStore(new HubFetch(data.Models, new HttpClient { Timeout = Timeout.InfiniteTimeSpan })));
        var engines = EngineList.Of(options, data, machine);
        services.AddSingleton<IMemberLogs>(provider => new EngineLogs(provider.GetRequiredService<Cloud>(), provider.GetRequiredService<Pool>(), engines));
        services.AddHttpClient("replica");
        services.AddSingleton<Pool>().AddSingleton<Fits>().AddSingleton<Launches>().AddSingleton<ReplicaRouter>().AddSingleton<Callers>().AddSingleton<Audit>().AddSingleton<Bench>().AddSingleton<AdmissionDoor>();
        services.AddSingleton<PricePreviews>().AddSingleton<WorkloadViews>().AddSingleton<Explanations>();
        services.AddSingleton<ICallers, GatewayCallers>().AddSingleton<IReplicas, GatewayReplicas>().AddSingleton<ITokenLedger, GatewayLedger>();
        services.AddSingleton<StreamMarks>().AddSingleton<IHostedService>(provider => provider.GetRequiredService<StreamMarks>());
        AddLoop(services, provider => ActivatorUtilities.CreateInstance<PlanLoop>(provider));
        foreach (var engine in engines)
        {
            services.AddSingleton(engine);
            AddLoop(services, provider => ActivatorUtilities.CreateInstance<EngineLoop>(provider, engine));
        }

        AddLoop(services, provider => ActivatorUtilities.CreateInstance<ReadinessLoop>(provider));
        AddLoop(services, provider => ActivatorUtilities.CreateInstance<ScalingLoop>(provider));
        AddLoop(services, provider => ActivatorUtilities.CreateInstance<MoveLoop>(provider));
        AddLoop(services, provider => ActivatorUtilities.CreateInstance<MeteringLoop>(provider));
        services.AddSingleton<Drain>();
        Metrics.Add(services);
    }

    /// <summary>There may be several loops of one type: one per engine.</summary>
    private static void AddLoop<T>(IServiceCollection services, Func<IServiceProvider, T> make) where T : Loop
    {
        var key = new object();
        services.AddKeyedSingleton(key, (provider, _) => make(provider));
        services.AddSingleton(provider => provider.GetRequiredKeyedService<T>(key));
        services.AddSingleton<Loop>(provider => provider.GetRequiredKeyedService<T>(key));
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredKeyedService<T>(key));
    }

    private static X509Certificate2 LoadCertificate(string certificate, string? key)
    {
        try
        {
            using var pem = X509Certificate2.CreateFromPemFile(certificate, key);
            // Kestrel wants the key in a store of its own kind.
            return X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null);
        }
        catch (Exception fault) when (fault is IOException or System.Security.Cryptography.CryptographicException or UnauthorizedAccessException)
        {
            throw new CommandException($"the certificate {certificate} cannot be used: {fault.Message.ReplaceLineEndings(" ")}");
        }
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}

internal sealed class NoLifetime : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}

internal static class AppVersion
{
    public static string Text { get; } = typeof(AppVersion).Assembly.GetName().Version?.ToString(3) ?? "0";
}
