using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Amalgam.Contracts;
using Amalgam.Hosting;

namespace Amalgam.Cli;

/// <summary>`run … -- COMMAND…` and `quote run …`.</summary>
internal static class RunVerb
{
    private static readonly Argument<string[]> Command = new("command") { Arity = ArgumentArity.ZeroOrMore, Description = "after `--`: the program and its arguments" };
    private static readonly Option<string?> Unit = Verbs.Text("--unit", "who pays and whose share it is");
    private static readonly Option<string?> Name = Verbs.Text("--name", "a name for it");
    private static readonly Option<string?> Devices = Verbs.Text("--devices", "per member: 1, 4 or a share such as 0.25");
    private static readonly Option<int?> Members = Verbs.Number("--members", "gang members, started together or not at all");
    private static readonly Option<string?> Chips = Verbs.Text("--chips", "any, or acceptable classes: A,B");
    private static readonly Option<int?> Priority = Verbs.Number("--priority", "higher makes room for itself inside its unit");
    private static readonly Option<string?> TimeLimit = Verbs.Text("--time-limit", "ended after this: 90s, 15m, 2h");
    private static readonly Option<string?> Declared = Verbs.Text("--declared", "what you think it takes; short jobs that say so start earlier");
    private static readonly Option<string?> MaxWait = Verbs.Text("--max-wait", "after this wait devices are gathered for it");
    private static readonly Option<string?> Grace = Verbs.Text("--grace", "between the stop signal and the kill (10s)");
    private static readonly Option<int?> Memory = Verbs.Number("--memory-mib", "memory that each device must have");
    private static readonly Option<string[]> Variables = new("--env") { Description = "NAME=VALUE, more than once if needed" };
    private static readonly Option<string?> Folder = Verbs.Text("--workdir", "working directory on the cloud's machine");
    private static readonly Option<bool> NotPreemptible = new("--not-preemptible") { Description = "never evicted; starts only within the unit's guarantee" };
    private static readonly Option<bool> Resumable = new("--resumable") { Description = "carries on from its own checkpoint when started again" };
    private static readonly Option<bool> Wait = new("--wait") { Description = "show the output, stay until it ends, return its exit code" };
    private static readonly Option<bool> AsJson = Verbs.Json();

    private static readonly Symbol[] Parts =
        [Command, Unit, Name, Devices, Members, Chips, Priority, TimeLimit, Declared, MaxWait, Grace, Memory, Variables, Folder, NotPreemptible, Resumable, AsJson];

    public static Command Run() => Verbs.Remote("run", "run a command as a job: amalgam run -- COMMAND ARGUMENTS", RunAsync, [.. Parts, Wait]);

    public static Command Quote() => Verbs.Remote("run", "chip, start and price of a job; changes nothing", QuoteAsync, Parts);

    private static async Task<int> RunAsync(ParseResult parsed, ApiClient client, CancellationToken cancel)
    {
        var job = await client.SendAsync(HttpMethod.Post, "/api/v1/jobs", Request(parsed), ContractsJson.Default.RunRequest, ContractsJson.Default.WorkloadView);
        if (!parsed.GetValue(Wait))
        {
            if (parsed.GetValue(AsJson))
            {
                Verbs.Print(job, ContractsJson.Default.WorkloadView);
            }
            else
            {
                Console.WriteLine($"{job.Id}  {job.Name}  in {job.Unit}   (amalgam logs {job.Id} -f, amalgam explain {job.Id})");
            }

            return 0;
        }

        return await FollowAsync(client, job, parsed.GetValue(AsJson), cancel);
    }

    private static async Task<int> FollowAsync(ApiClient client, WorkloadView job, bool json, CancellationToken cancel)
    {
        if (!json)
        {
            await LogsVerb.CopyAsync(client, job.Id, follow: true, tail: null, prefix: job.Members > 1, cancel);
        }

        while (true)
        {
            var view = await client.GetAsync($"/api/v1/workloads/{job.Id}/wait?timeoutSeconds=30", ContractsJson.Default.WorkloadView);
            if (view.Phase != "ended")
            {
                cancel.ThrowIfCancellationRequested();
                continue;
            }

            if (json)
            {
                Verbs.Print(view, ContractsJson.Default.WorkloadView);
            }
            else if (view.Result != "succeeded")
            {
                await Console.Error.WriteLineAsync($"amalgam: {view.Id} {view.Result}: {view.Detail}");
            }

            return view.ExitCode ?? (view.Result == "succeeded" ? 0 : 1);
        }
    }

    private static async Task<int> QuoteAsync(ParseResult parsed, ApiClient client, CancellationToken cancel)
    {
        var quote = await client.SendAsync(HttpMethod.Post, "/api/v1/quote/job", Request(parsed), ContractsJson.Default.RunRequest, ContractsJson.Default.QuoteView);
        QuoteVerb.Print(quote, parsed.GetValue(AsJson));
        return 0;
    }

    private static RunRequest Request(ParseResult parsed) => new()
    {
        Command = Asked(parsed),
        Unit = parsed.GetValue(Unit),
        Name = parsed.GetValue(Name),
        Devices = DeviceCount(parsed.GetValue(Devices)),
        Members = parsed.GetValue(Members) ?? 1,
        Chips = Verbs.Chips(parsed.GetValue(Chips)),
        Priority = parsed.GetValue(Priority) ?? 0,
        TimeLimitSeconds = Verbs.Seconds("--time-limit", parsed.GetValue(TimeLimit)),
        DeclaredSeconds = Verbs.Seconds("--declared", parsed.GetValue(Declared)),
        MaxWaitSeconds = Verbs.Seconds("--max-wait", parsed.GetValue(MaxWait)),
        GraceSeconds = Verbs.Seconds("--grace", parsed.GetValue(Grace)) ?? 10,
        MemoryMiB = parsed.GetValue(Memory) ?? 0,
        Environment = (parsed.GetValue(Variables) ?? []).GroupBy(Name_, StringComparer.Ordinal).ToDictionary(group => group.Key, group => Value_(group.Last())),
        WorkingDirectory = parsed.GetValue(Folder),
        Preemptible = !parsed.GetValue(NotPreemptible),
        Resumable = parsed.GetValue(Resumable),
    };

    /// <summary>What the parser does not know it takes for the command: an option of another verb, or one that is mistyped, must not be run.</summary>
    private static string[] Asked(ParseResult parsed)
    {
        var command = parsed.GetValue(Command) ?? [];
        var before = parsed.Tokens.TakeWhile(token => token.Type != TokenType.DoubleDash).ToList();
        var marked = before.Count < parsed.Tokens.Count;
        var strange = marked ? before.Find(token => token.Type == TokenType.Argument && token.Value.StartsWith('-') && command.Contains(token.Value, StringComparer.Ordinal))?.Value
            : command.FirstOrDefault() is ['-', ..] first ? first : null;
        return strange is not null ? throw new CommandException($"{strange} is no option of this verb (`amalgam run --help`): the command and its own options go after `--`", 2)
            : command.Length > 0 ? command
            : throw new CommandException("there is no command: write it after `--`, for instance `amalgam run -- echo hello`", 2);
    }

    public static decimal DeviceCount(string? text) =>
        text is null ? 1
        : decimal.TryParse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var devices) ? devices
        : throw new CommandException($"--devices wants a number such as 1, 4 or 0.25, not '{text}'", 2);

    private static string Name_(string assignment) => assignment.IndexOf('=', StringComparison.Ordinal) is > 0 and var at
        ? assignment[..at]
        : throw new CommandException($"--env wants NAME=VALUE, not '{assignment}'", 2);

    private static string Value_(string assignment) => assignment[(assignment.IndexOf('=', StringComparison.Ordinal) + 1)..];
}
