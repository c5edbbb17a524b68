using Amalgam.Hosting;

namespace Amalgam.Cli;

/// <summary>What a person sees when the cloud is up.</summary>
internal static class Banner
{
    public static void Print(string url, DataDirectory data, Machine machine, UpOptions options, string? newSecret, bool keyOnFile)
    {
        var fleet = options.Fleet;
        var chips = !EngineList.HasLocal(options) ? ["none of this machine (--engine local adds them)"] : machine.Devices.GroupBy(device => device.Class, StringComparer.Ordinal)
            .Select(group => $"{group.Count()} x {group.Key} ({machine.Chips.Find(group.Key)?.Name ?? group.First().Name})").ToList();
        if (EngineList.HasSlurm(options))
        {
            chips.Add("those of Slurm (`chips` shows them)");
        }

        // The launcher of a checkout is not on the PATH: name the command as it was typed.
        var program = Environment.GetEnvironmentVariable("AMALGAM_PROGRAM") is { Length: > 0 } typed ? typed : "amalgam";
        var key = keyOnFile ? $"$(cat {Quote(data.AdminKey)})" : "YOUR_KEY";
        Console.WriteLine($"""

              Amalgam {AppVersion.Text} is up

              address   {url}
              chips     {string.Join(", ", chips)}{(fleet is null ? "" : $"{Environment.NewLine}  fleet     {Path.GetFullPath(fleet)} (simulated nodes: no program runs there)")}
              data      {data.Path}
              key       {(keyOnFile ? data.AdminKey : "yours (the admin key's file is gone)")}
            """);
        if (newSecret is not null)
        {
            Console.WriteLine($"            {newSecret}   (shown this once; the CLI of this user has it already)");
        }

        foreach (var problem in machine.Chips.Problems.Concat(machine.Runtimes.Problems).Distinct())
        {
            Console.WriteLine($"  look      {problem.ToString().ReplaceLineEndings(" ").Trim()} (not used until it is mended)");
        }

        foreach (var finding in machine.Detection.Findings)
        {
            Console.WriteLine($"  look      {finding.Text}: {finding.Action}");
        }

        Console.WriteLine($$"""

              Try it, in another terminal:

                {{program}} serve demo
                curl {{url}}/v1/chat/completions -H "Authorization: Bearer {{key}}" \
                  -H "Content-Type: application/json" \
                  -d '{"model": "demo", "temperature": 0, "messages": [{"role": "user", "content": "What is 17 + 25?"}]}'

              Ctrl-C stops it cleanly; started again it carries on.
            """);
    }

    /// <summary>The same for one that stands by.</summary>
    public static void PrintStandby(string url, DataDirectory data, Storage.Postgres.LeaderRow leader) => Console.WriteLine($"""

          Amalgam {AppVersion.Text} stands by

          address   {url} (passes everything on to the leader)
          leader    {leader.Holder}{(leader.Address is { } at ? $" at {at}" : "")}
          data      {data.Path}

          Ctrl-C stops it, and nothing else. When the leader is gone, this one leads.
        """);

    private static string Quote(string path) => path.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '/' or '.' or '_' or '-') ? path : $"'{path.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
