using System.ClientModel;
using System.Net;
using Amalgam.Catalogue;
using Amalgam.Catalogue.Diagnosis;
using Amalgam.Catalogue.Entries;
using Amalgam.Catalogue.Launching;
using Amalgam.Catalogue.Probing;
using Amalgam.ControlPlane.Ports;
using Amalgam.Engines.Local;
using OpenAI;
using OpenAI.Chat;
using Xunit;

namespace Amalgam.SystemTests.Runtimes;

/// <summary>A runtime that is not ours, by its recipe alone: found, versioned, launched, watched, asked, stopped. With the model that comes with Amalgam.</summary>
#pragma warning disable CA1001 // The engine is disposed in xunit's DisposeAsync.
public sealed class LlamaServerTests : IAsyncLifetime
{
    private const string Key = "a-key-of-this-replica";
    private readonly string _data = Directory.CreateTempSubdirectory("amalgam-llama-").FullName;
    private readonly RuntimeEntry _recipe = RuntimeCatalogue.Load().Find("llama-server")!;
    private LocalEngine _engine = null!;

    public Task InitializeAsync()
    {
        if (LlamaServerFactAttribute.Folder is { } folder && Environment.GetEnvironmentVariable("PATH") is var path && path?.StartsWith(folder, StringComparison.Ordinal) != true)
            Environment.SetEnvironmentVariable("PATH", $"{folder}:{path}");
        _engine = Open();
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await _engine.ApplyAsync(new StopMember("replica", 9, TimeSpan.Zero), default);
        Assert.All(await _engine.ObserveAsync(default), member => Assert.NotNull(member.EndedAtUnixMs));
        await _engine.DisposeAsync();
        Directory.Delete(_data, recursive: true);
    }

    [LlamaServerFact]
    public async Task It_is_found_by_the_recipe_and_recent_enough_for_the_processor()
    {
        var found = await FindAsync();
        Assert.Equal("llama-server", Path.GetFileName(found.Path));
        Assert.True(found.Usable, found.Reason);
    }

    [LlamaServerFact]
    public async Task Launched_by_the_recipe_it_answers_the_official_client_and_stops_when_asked()
    {
        var address = await StartAsync(Path.Combine(Root, "models", "demo.gguf"));
        var chat = Client(address, Key);
        ChatMessage[] question = [new UserChatMessage("What is 2 + 3?")];
        var options = new ChatCompletionOptions { Temperature = 0, MaxOutputTokenCount = 32 };
        var answer = (await chat.CompleteChatAsync(question, options)).Value;
        Assert.Equal("2 + 3 = 5", answer.Content[0].Text);
        Assert.True(answer.Usage.OutputTokenCount > 0);

        var streamed = "";
        await foreach (var part in chat.CompleteChatStreamingAsync(question, options))
            streamed += string.Concat(part.ContentUpdate.Select(content => content.Text));
        Assert.Equal("2 + 3 = 5", streamed);

        var stranger = await Assert.ThrowsAsync<ClientResultException>(async () => await Client(address, "another-key").CompleteChatAsync(question, options));
        Assert.Equal((int)HttpStatusCode.Unauthorized, stranger.Status);

        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (Assert.Single(await _engine.ObserveAsync(patience.Token)) is not { Phase: MemberPhase.Running, ResidentMiB: > 0, CpuMs: > 0 })
            await Task.Delay(100, patience.Token);
        await _engine.ApplyAsync(new StopMember("replica", 2, TimeSpan.FromSeconds(_recipe.StopGraceSeconds)), default);
        var ended = await EndedAsync();
        Assert.Equal((MemberPhase.Exited, 0), (ended.Phase, ended.ExitCode));
        using var http = new HttpClient();
        await Assert.ThrowsAsync<HttpRequestException>(() => http.GetAsync(new Uri(address, _recipe.HealthPath)));
    }

    [LlamaServerFact]
    public async Task A_model_file_that_is_none_ends_it_with_its_own_words_in_the_log()
    {
        var file = Path.Combine(_data, "broken.gguf");
        await File.WriteAllTextAsync(file, "this is no model");
        await ApplyStartAsync(file);
        var ended = await EndedAsync();
        Assert.Equal(MemberPhase.Exited, ended.Phase);
        Assert.NotEqual(0, ended.ExitCode);
        Assert.Contains("model", ended.Detail, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain('\n', ended.Detail!);
    }

    private static string Root
    {
        get
        {
            var folder = new DirectoryInfo(AppContext.BaseDirectory);
            while (!File.Exists(Path.Combine(folder.FullName, "Amalgam.slnx"))) folder = folder.Parent!;
            return folder.FullName;
        }
    }

    private LocalEngine Open() => new(new LocalEngineOptions { DataDirectory = _data, Nodes = () => [] });

    private async Task<RuntimeObservation> FindAsync()
    {
        var chips = ChipCatalogue.Load();
        var cpu = new Catalogue.Detecting.DeviceObservation { Class = "cpu", Vendor = "cpu", Index = 0, Name = "core", MemoryMiB = 4096 };
        var found = await RuntimeDetection.RunAsync(new MachineProbe(), RuntimeCatalogue.Load(), chips, [cpu]);
        return found.Single(runtime => runtime.Id == _recipe.Id);
    }

    private async Task ApplyStartAsync(string model)
    {
        var plan = LaunchText.Expand(_recipe.Launch, new LaunchValues
        {
            Program = (await FindAsync()).Path!, Model = model, Name = "demo", Port = "{port}", ContextTokens = 256, Slots = 2, Threads = 1,
        });
        var environment = new Dictionary<string, string>(plan.Environment) { ["LLAMA_API_KEY"] = Key };
        var launch = new MemberLaunch("w", "demo", 0, plan.Command, environment, null, "cpu", [0], [0], NeedsPort: true, StopSignal: _recipe.StopSignal);
        await _engine.ApplyAsync(new StartMember("replica", 1, launch), default);
    }

    private async Task<Uri> StartAsync(string model)
    {
        await ApplyStartAsync(model);
        using var http = new HttpClient();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(_recipe.ReadyTimeoutSeconds));
        while (true)
        {
            var seen = Assert.Single(await _engine.ObserveAsync(patience.Token));
            Assert.True(seen.Phase == MemberPhase.Running, seen.Detail);
            try
            {
                var health = await http.GetAsync(new Uri(seen.Address + _recipe.HealthPath), patience.Token);
                if (health.IsSuccessStatusCode) return new Uri(seen.Address!);
            }
            catch (HttpRequestException)
            {
                // not listening yet
            }

            await Task.Delay(50, patience.Token);
        }
    }

    private async Task<MemberObservation> EndedAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            var seen = Assert.Single(await _engine.ObserveAsync(patience.Token));
            if (seen.EndedAtUnixMs is not null) return seen;
            await Task.Delay(50, patience.Token);
        }
    }

    private ChatClient Client(Uri address, string key) =>
        new("demo", new ApiKeyCredential(key), new OpenAIClientOptions { Endpoint = new Uri(address, _recipe.OpenAiBasePath), RetryPolicy = new System.ClientModel.Primitives.ClientRetryPolicy(0) });
}
