using System.CommandLine;
using System.Globalization;
using Amalgam.Contracts;
using Amalgam.Hosting;

namespace Amalgam.Cli;

/// <summary>`serve MODEL` and `quote serve MODEL`.</summary>
internal static class ServeVerb
{
    private static readonly Argument<string> Model = new("model") { Description = "demo, a .gguf file, or hf:OWNER/REPO/FILE" };
    private static readonly Option<string?> Name = Verbs.Text("--name", "the name that clients use");
    private static readonly Option<string?> Unit = Verbs.Text("--unit", "who pays for the devices");
    private static readonly Option<string?> Replicas = Verbs.Text("--replicas", "N or MIN..MAX; MIN 0 sleeps when idle");
    private static readonly Option<string?> Chips = Verbs.Text("--chips", "any, or acceptable classes: A,B");
    private static readonly Option<string?> Devices = Verbs.Text("--devices", "devices per replica");
    private static readonly Option<int?> Context = Verbs.Number("--context", "tokens per request, prompt and answer");
    private static readonly Option<int?> Slots = Verbs.Number("--slots", "requests at once per replica (4)");
    private static readonly Option<string?> Runtime = Verbs.Text("--runtime", "a runtime of the catalogue (else the first that fits)");
    private static readonly Option<string?> OpenTo = Verbs.Text("--open-to", "keys of this unit's subtree may use it (else the unit's own)");
    private static readonly Option<int?> Priority = Verbs.Number("--priority", "higher makes room for itself inside its unit");
    private static readonly Option<string?> Idle = Verbs.Text("--idle", "with MIN 0: sleeps after this long without a request (5m)");
    private static readonly Option<string?> Grace = Verbs.Text("--grace", "requests in flight may finish this long when a replica must go (30s)");
    private static readonly Option<bool> NotPreemptible = new("--not-preemptible") { Description = "never evicted; starts only within the unit's guarantee" };
    private static readonly Option<bool> NoWait = new("--no-wait") { Description = "return at once instead of when the first replica is ready" };
    private static readonly Option<bool> AsJson = Verbs.Json();

    private static readonly Symbol[] Parts = [Model, Name, Unit, Replicas, Chips, Devices, Context, Slots, Runtime, OpenTo, Priority, Idle, Grace, NotPreemptible, AsJson];

    public static Command Serve() => Verbs.Remote("serve", "serve a model behind one name, on whatever chips fit", ServeAsync, [.. Parts, NoWait]);

    public static Command Quote() => Verbs.Remote("serve", "chip, start and price of a served model; changes nothing", QuoteAsync, Parts);

    private static async Task<int> ServeAsync(ParseResult parsed, ApiClient client, CancellationToken cancel)
    {
        var request = Request(parsed);
        if (request.Model.StartsWith(HubReference.Prefix, StringComparison.Ordinal))
        {
            await FetchAsync(client, request.Model, cancel);
        }

        var made = await client.SendAsync(HttpMethod.Post, "/api/v1/services", request, ContractsJson.Default.ServeRequest, ContractsJson.Default.WorkloadView);
        var view = parsed.GetValue(NoWait) || request.MinReplicas == 0 ? made : await ReadyAsync(client, made, cancel);
        if (parsed.GetValue(AsJson))
        {
            Verbs.Print(view, ContractsJson.Default.WorkloadView);
            return 0;
        }

        var where = string.Join(", ", view.Leases.Where(lease => lease.To is null).Select(lease => lease.ChipClass).Distinct());
        Console.WriteLine(view.ReadyMembers > 0 ? $"{view.Name} is ready on {where}   (amalgam chat {view.Name})"
            : view.Phase == "asleep" ? $"{view.Name} is served; the first request wakes it   (amalgam chat {view.Name})"
            : $"{view.Name} is {view.Phase}{(view.Detail is null ? "" : $": {view.Detail}")}   (amalgam explain {view.Name})");
        return 0;
    }

    /// <summary>Until a replica is ready, or it is clear that it has to wait.</summary>
    private static async Task<WorkloadView> ReadyAsync(ApiClient client, WorkloadView made, CancellationToken cancel)
    {
        var begun = DateTime.UtcNow;
        while (true)
        {
            var view = await client.GetAsync($"/api/v1/workloads/{made.Id}", ContractsJson.Default.WorkloadView);
            var waits = view.Phase == "waiting" && DateTime.UtcNow - begun > TimeSpan.FromSeconds(2);
            if (view.ReadyMembers > 0 || view.Phase == "ended" || waits || view.Restarts > 0 || DateTime.UtcNow - begun > TimeSpan.FromMinutes(10))
            {
                return view;
            }

            await Task.Delay(100, cancel);
        }
    }

    private static async Task FetchAsync(ApiClient client, string model, CancellationToken cancel)
    {
        for (var asked = 0; ; asked++)
        {
            var at = await client.SendAsync(HttpMethod.Post, "/api/v1/models/fetch", new ModelFetchRequest(model), ContractsJson.Default.ModelFetchRequest, ContractsJson.Default.ModelView);
            if (at.State == "failed")
            {
                throw new CommandException(at.Problem!);
            }

            if (at.State == "ready")
            {
                if (asked > 0)
                {
                    Progress.Show($"fetching {model}", at.BytesDone, at.BytesTotal);
                }

                return;
            }

            Progress.Show($"fetching {model}", at.BytesDone, at.BytesTotal);
            await Task.Delay(500, cancel);
        }
    }

    private static async Task<int> QuoteAsync(ParseResult parsed, ApiClient client, CancellationToken cancel)
    {
        var quote = await client.SendAsync(HttpMethod.Post, "/api/v1/quote/service", Request(parsed), ContractsJson.Default.ServeRequest, ContractsJson.Default.QuoteView);
        QuoteVerb.Print(quote, parsed.GetValue(AsJson));
        return 0;
    }

    private static ServeRequest Request(ParseResult parsed)
    {
        var (min, max) = Range(parsed.GetValue(Replicas) ?? "1");
        return new ServeRequest
        {
            Model = Place(parsed.GetValue(Model)!),
            Name = parsed.GetValue(Name),
            Unit = parsed.GetValue(Unit),
            MinReplicas = min,
            MaxReplicas = max,
            Chips = Verbs.Chips(parsed.GetValue(Chips)),
            Devices = RunVerb.DeviceCount(parsed.GetValue(Devices)),
            Context = parsed.GetValue(Context),
            Slots = parsed.GetValue(Slots) ?? 4,
            Runtime = parsed.GetValue(Runtime),
            OpenTo = parsed.GetValue(OpenTo),
            Priority = parsed.GetValue(Priority) ?? 0,
            IdleSeconds = Verbs.Seconds("--idle", parsed.GetValue(Idle)) ?? 300,
            GraceSeconds = Verbs.Seconds("--grace", parsed.GetValue(Grace)) ?? 30,
            Preemptible = !parsed.GetValue(NotPreemptible),
        };
    }

    /// <summary>A path is meant from where the user stands.</summary>
    public static string Place(string model) =>
        model.StartsWith(HubReference.Prefix, StringComparison.Ordinal) || (model == ModelStore.DemoName && !File.Exists(model)) || !(model.Contains('/', StringComparison.Ordinal) || model.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase))
            ? model
            : Path.GetFullPath(model);

    private static (int Min, int Max) Range(string text)
    {
        var parts = text.Split("..");
        return parts.Length <= 2 && parts.All(part => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out _))
            ? (int.Parse(parts[0], CultureInfo.InvariantCulture), int.Parse(parts[^1], CultureInfo.InvariantCulture))
            : throw new CommandException($"--replicas wants N or MIN..MAX, not '{text}'", 2);
    }
}
