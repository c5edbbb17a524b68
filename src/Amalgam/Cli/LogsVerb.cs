using System.CommandLine;
using System.Text.Json;
using Amalgam.Contracts;

namespace Amalgam.Cli;

/// <summary>`logs W [-f]`: standard output to standard output, standard error to standard error.</summary>
internal static class LogsVerb
{
    public static Command Logs()
    {
        var workload = new Argument<string>("workload") { Description = "id or name" };
        var follow = new Option<bool>("--follow", "-f") { Description = "stay until it ends" };
        var tail = Verbs.Number("--tail", "only the last lines of each member");
        return Verbs.Remote("logs", "output of a workload's members", async (parsed, client, cancel) =>
        {
            var view = await client.GetAsync($"/api/v1/workloads/{Verbs.Escape(parsed.GetValue(workload)!)}", ContractsJson.Default.WorkloadView);
            await CopyAsync(client, view.Id, parsed.GetValue(follow), parsed.GetValue(tail), view.Members > 1 || view.Kind == "service", cancel);
            return 0;
        }, workload, follow, tail);
    }

    /// <param name="prefix">Say which member a line is from.</param>
    public static async Task CopyAsync(ApiClient client, string id, bool follow, int? tail, bool prefix, CancellationToken cancel)
    {
        var path = $"/api/v1/workloads/{id}/logs?follow={(follow ? "true" : "false")}{(tail is null ? "" : $"&tail={tail}")}";
        using var answer = await client.AskAsync(HttpMethod.Get, path, null, HttpCompletionOption.ResponseHeadersRead, cancel);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(cancel));
        while (await reader.ReadLineAsync(cancel) is { } text)
        {
            var line = JsonSerializer.Deserialize(text, ContractsJson.Default.LogLineView)!;
            var output = line.Stream == "stderr" ? Console.Error : Console.Out;
            await output.WriteLineAsync(prefix ? $"[{line.Member}] {line.Text}" : line.Text);
        }
    }
}
