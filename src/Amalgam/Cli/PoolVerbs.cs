using System.CommandLine;
using System.Globalization;
using Amalgam.Catalogue;
using Amalgam.Catalogue.Diagnosis;
using Amalgam.Catalogue.Probing;
using Amalgam.Contracts;
using Amalgam.Hosting;

namespace Amalgam.Cli;

/// <summary>`chips`, `status`, `audit`, `bench`, `doctor`, `catalogue test`.</summary>
internal static class PoolVerbs
{
    private static readonly Option<bool> AsJson = Verbs.Json();
    private static readonly Option<string?> Data = Verbs.Text("--data", "data directory, for its catalogue folder");

    public static Command Chips() => Verbs.Remote("chips", "the stock: class, devices, healthy, leased, free, list price, scarcity price", async (parsed, client, _) =>
    {
        var chips = await client.GetAsync("/api/v1/chips", ContractsJson.Default.IReadOnlyListChipView);
        if (parsed.GetValue(AsJson))
        {
            Verbs.Print(chips, ContractsJson.Default.IReadOnlyListChipView);
            return 0;
        }

        var table = new Table("CHIP", "VENDOR", "DEVICES", "HEALTHY", "LEASED", "FREE", "MIB EACH", "PER DEVICE-HOUR", "SCARCITY", "");
        foreach (var chip in chips)
        {
            table.Add(
                chip.ChipClass, chip.Vendor, Text(chip.Devices), Text(chip.Healthy), Text(chip.Leased), Text(chip.Free), Text(chip.MemoryMiBPerDevice), chip.PricePerDeviceHour,
                chip.ScarcityPrice.ToString("0.###", CultureInfo.InvariantCulture), chip.Simulated ? "simulated" : "");
        }

        table.Print(Console.Out, "no chips: see `amalgam doctor`");
        return 0;
    }, AsJson);

    public static Command Status() => Verbs.Remote("status", "health of the cloud and its loops", async (parsed, client, _) =>
    {
        var status = await client.GetAsync("/api/v1/status", ContractsJson.Default.StatusView);
        if (parsed.GetValue(AsJson))
        {
            Verbs.Print(status, ContractsJson.Default.StatusView);
            return 0;
        }

        Console.WriteLine($"Amalgam {status.Version} at {client.Url}, up for {Verbs.Ago(status.StartedAt)}, {status.JournalRecords} records, {(status.Healthy ? "healthy" : status.Problem)}");
        var table = new Table("LOOP", "RUNS", "FAILED", "LAST MS", "LAST RESULT");
        foreach (var loop in status.Loops)
        {
            table.Add(loop.Name, Text(loop.Runs), Text(loop.Failures), loop.LastRunMilliseconds.ToString("0.0", CultureInfo.InvariantCulture), loop.LastResult);
        }

        table.Print(Console.Out, "");
        return status.Healthy ? 0 : 1;
    }, AsJson);

    public static Command Audit()
    {
        var limit = Verbs.Number("--limit", "newest lines (100)");
        var loops = new Option<bool>("--loops") { Description = "the cloud's own decisions too" };
        return Verbs.Remote("audit", "who changed what, when, from where", async (parsed, client, _) =>
        {
            var path = $"/api/v1/audit?limit={parsed.GetValue(limit) ?? 100}&loops={(parsed.GetValue(loops) ? "true" : "false")}";
            var lines = await client.GetAsync(path, ContractsJson.Default.IReadOnlyListAuditLine);
            if (parsed.GetValue(AsJson))
            {
                Verbs.Print(lines, ContractsJson.Default.IReadOnlyListAuditLine);
                return 0;
            }

            var table = new Table("RECORD", "AT", "WHO", "FROM", "WHAT", "SUBJECT", "DETAIL");
            foreach (var line in lines)
            {
                table.Add(Text(line.Sequence), line.At.ToString("u", CultureInfo.InvariantCulture), line.Who, line.From, line.What, line.Subject, line.Detail);
            }

            table.Print(Console.Out, "nothing was changed yet");
            return 0;
        }, limit, loops, AsJson);
    }

    public static Command Bench()
    {
        var model = new Argument<string>("model") { Description = "a served name, demo, a .gguf file, or hf:OWNER/REPO/FILE" };
        var chips = Verbs.Text("--chips", "any, or classes: A,B");
        return Verbs.Remote("bench", "measure a model on every class it can run on, and remember the result for placement", async (parsed, client, _) =>
        {
            await Console.Error.WriteLineAsync("measuring; each class takes a few seconds of a real replica, which is billed");
            var request = new BenchRequest { Model = ServeVerb.Place(parsed.GetValue(model)!), Chips = Verbs.Chips(parsed.GetValue(chips)) };
            var lines = await client.SendAsync(HttpMethod.Post, "/api/v1/bench", request, ContractsJson.Default.BenchRequest, ContractsJson.Default.IReadOnlyListBenchLine);
            if (parsed.GetValue(AsJson))
            {
                Verbs.Print(lines, ContractsJson.Default.IReadOnlyListBenchLine);
                return 0;
            }

            var table = new Table("MODEL", "CHIP", "RUNTIME", "DECODE TOKENS/S", "PROMPT TOKENS/S", "");
            foreach (var line in lines)
            {
                var measured = line.Problem is null;
                table.Add(
                    line.Model, line.ChipClass, line.Runtime, measured ? line.DecodeTokensPerSecond.ToString("0.0", CultureInfo.InvariantCulture) : "",
                    measured ? line.PromptTokensPerSecond.ToString("0.0", CultureInfo.InvariantCulture) : "", line.Problem);
            }

            table.Print(Console.Out, "no chips");
            return lines.Any(line => line.Problem is null) ? 0 : 1;
        }, model, chips, AsJson);
    }

    public static Command Doctor() => Verbs.Local("doctor", "every chip seen, every chip that should be there and is not, every runtime found, with reasons", async (parsed, cancel) =>
    {
        var folder = Path.Combine(parsed.GetValue(Data) ?? Credentials.DefaultDataDirectory, "catalogue");
        var report = await Catalogue.Diagnosis.Doctor.ExamineAsync(new MachineProbe(), ChipCatalogue.Load(folder), RuntimeCatalogue.Load(folder), cancel);
        if (parsed.GetValue(AsJson))
        {
            Verbs.Print(report, CatalogueJson.Default.DoctorReport);
        }
        else
        {
            foreach (var line in Catalogue.Diagnosis.Doctor.Lines(report))
            {
                Console.WriteLine(line);
            }
        }

        return 0;
    }, Data, AsJson);

    private static string Text(decimal number) => number.ToString("0.###", CultureInfo.InvariantCulture);
}
