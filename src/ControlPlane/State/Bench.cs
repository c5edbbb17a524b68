using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Amalgam.ControlPlane.Commands;
using Amalgam.ControlPlane.Ports;
using Amalgam.Contracts;
using Amalgam.Core;
using Amalgam.Core.Access;
using Amalgam.Core.Journal;
using Amalgam.Core.Workloads;

namespace Amalgam.ControlPlane.State;

/// <summary>
/// `bench`: serves the model for a moment on each class it can run on, measures it there with real requests, and remembers the result, which placement uses.
/// The replicas are ordinary workloads of the caller's unit: they wait their turn and are billed.
/// </summary>
public sealed class Bench(Cloud cloud, Pool pool, Fits fits, IModels models, Launches launches, ReplicaKeys keys, IHttpClientFactory http)
{
    private static readonly TimeSpan ReadyPatience = TimeSpan.FromMinutes(5);
    private const int OutputTokens = 96;
    private const int Rounds = 3;

    public async Task<Outcome<IReadOnlyList<BenchLine>>> RunAsync(Caller caller, Actor by, BenchRequest request, CancellationToken cancel)
    {
        var served = cloud.Read(state => ReplicaRouter.Find(state, caller, request.Model))?.Spec.Service?.Model;
        var model = models.Resolve(served ?? request.Model);
        if (model.Refusal is { } refusal)
        {
            return refusal;
        }

        var probe = new ServeRequest { Model = model.Value!.Model, Chips = request.Chips };
        var spec = cloud.Read(state => ServeModel.Spec(state, caller, probe, model.Value, pool.Nodes));
        if (spec.Refusal is { } wrong)
        {
            return wrong;
        }

        var lines = new List<BenchLine>();
        foreach (var chip in cloud.Read(state => fits.Considered(state, spec.Value!, pool.Nodes)))
        {
            lines.Add(chip.Fit.Fits
                ? await MeasureAsync(caller, by, model.Value, chip, cancel)
                : new BenchLine { Model = request.Model, ChipClass = chip.ChipClass, Runtime = chip.Fit.Runtime ?? "", Problem = chip.Fit.Why });
        }

        return lines;
    }

    private async Task<BenchLine> MeasureAsync(Caller caller, Actor by, ModelFacts model, ClassFit chip, CancellationToken cancel)
    {
        var line = new BenchLine { Model = model.Model, ChipClass = chip.ChipClass, Runtime = chip.Fit.Runtime ?? "" };
        var request = new ServeRequest { Model = model.Model, Name = $"bench-{chip.ChipClass}-{Guid.NewGuid().ToString("N")[..8]}", Chips = [chip.ChipClass] };
        var made = await cloud.ChangeAsync(by, (state, _) => ServeModel.Decide(state, caller, request, model, pool.Nodes, fits));
        if (made.Refusal is { } refusal)
        {
            return line with { Problem = refusal.Message };
        }

        try
        {
            return await ReadyAsync(made.Value!, cancel) is { } lease
                ? await MeasureAsync(by, line, model, lease, cancel)
                : line with { Problem = $"no {chip.ChipClass} was free within {ReadyPatience.TotalMinutes} minutes" };
        }
        catch (Exception fault) when (fault is HttpRequestException or JsonException or InvalidOperationException)
        {
            return line with { Problem = fault.Message };
        }
        finally
        {
            await cloud.ChangeAsync(by, (state, _) => StopWorkload.Decide(state, caller with { Role = Role.Owner }, made.Value!));
        }
    }

    private async Task<Lease?> ReadyAsync(string workloadId, CancellationToken cancel)
    {
        var begun = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(begun) < ReadyPatience)
        {
            if (cloud.Read(state => state.OpenLeasesOf(workloadId).FirstOrDefault(lease => pool.Sight(lease.Id).Ready)) is { } ready)
            {
                return ready;
            }

            await Task.Delay(100, cancel);
        }

        return null;
    }

    private async Task<BenchLine> MeasureAsync(Actor by, BenchLine line, ModelFacts model, Lease lease, CancellationToken cancel)
    {
        var workload = cloud.Read(state => state.Workload(lease.WorkloadId))!;
        var upstream = launches.Fit(workload, lease)?.Facts?.UpstreamModel ?? workload.Spec.Name;
        using var client = http.CreateClient("replica");
        client.BaseAddress = new Uri(pool.Sight(lease.Id).Observation!.Address!);
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", keys.For(lease.Id));
        double decode = 0, prompt = 0;
        for (var round = 0; round < Rounds; round++)
        {
            // Other words each time, so that no prefix is found in a cache.
            var text = string.Join(' ', Enumerable.Range(0, 60).Select(at => $"{(at * 7919) + (round * 104729) + 13}"));
            var (promptTokens, _, promptSeconds) = await AskAsync(client, upstream, text, 1, cancel);
            var (_, outTokens, outSeconds) = await AskAsync(client, upstream, $"{round} count on:", OutputTokens, cancel);
            prompt = Math.Max(prompt, promptTokens / promptSeconds);
            decode = Math.Max(decode, outTokens / outSeconds);
        }

        await cloud.ChangeAsync(by, (state, _) => Decide.Yes(true, new SpeedMeasured(model.Key, line.ChipClass, line.Runtime, (long)(decode * 1000), (long)(prompt * 1000))));
        return line with { DecodeTokensPerSecond = Math.Round(decode, 1), PromptTokensPerSecond = Math.Round(prompt, 1) };
    }

    private static async Task<(long Prompt, long Output, double Seconds)> AskAsync(HttpClient client, string model, string prompt, int maxTokens, CancellationToken cancel)
    {
        var body = new Dictionary<string, object> { ["model"] = model, ["prompt"] = prompt, ["max_tokens"] = maxTokens, ["temperature"] = 1.0, ["seed"] = 7, ["ignore_eos"] = true };
        var begun = Stopwatch.GetTimestamp();
        using var answer = await client.PostAsJsonAsync("/v1/completions", body, cancel);
        using var json = await JsonDocument.ParseAsync(await answer.Content.ReadAsStreamAsync(cancel), cancellationToken: cancel);
        var seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        if (!answer.IsSuccessStatusCode || !json.RootElement.TryGetProperty("usage", out var usage))
        {
            throw new InvalidOperationException($"the replica answered {(int)answer.StatusCode}: {Names.Clip(json.RootElement.ToString())}");
        }

        return (usage.GetProperty("prompt_tokens").GetInt64(), usage.GetProperty("completion_tokens").GetInt64(), Math.Max(seconds, 1e-6));
    }
}
