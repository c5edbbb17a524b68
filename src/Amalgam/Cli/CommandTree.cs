using System.CommandLine;
using Amalgam.Hosting;

namespace Amalgam.Cli;

/// <summary>All verbs. The list is the feature list.</summary>
internal static class CommandTree
{
    public static RootCommand Root()
    {
        var root = new RootCommand("Amalgam: an AI cloud on whatever chips you have");
        root.Options.Add(Verbs.Server);
        root.Options.Add(Verbs.Key);
        foreach (var verb in (Command[])
        [
            Up(), PoolVerbs.Doctor(), PoolVerbs.Chips(), ServeVerb.Serve(), RunVerb.Run(), QuoteVerb.Quote(), WorkloadVerbs.Ps(), LogsVerb.Logs(), WorkloadVerbs.Stop(), WorkloadVerbs.Explain(),
            ChatVerb.Chat(), PoolVerbs.Bench(), OrganisationVerbs.Unit(), OrganisationVerbs.Key(), PriceVerbs.Price(), MoneyVerbs.Bill(), PoolVerbs.Status(), PoolVerbs.Audit(),
            InvoiceVerbs.Invoice(), BudgetVerbs.Budget(), ContractVerbs.Contract(), StockVerbs.Stock(), PolicyVerbs.Policy(),
            BackupVerbs.Backup(), BackupVerbs.Restore(), BackupVerbs.Verify(), StoreVerbs.Store(), SimulationVerbs.Scenario(), SimulationVerbs.Simulate(), SimulationVerbs.CatalogueTest(), RuntimeVerb.Runtime(),
        ])
        {
            root.Subcommands.Add(verb);
        }

        return root;
    }

    /// <summary>`unit add ` for a parse result inside `unit add`.</summary>
    public static IEnumerable<string> PathOf(ParseResult parsed)
    {
        var names = new Stack<string>();
        for (var at = parsed.CommandResult; at is not null; at = at.Parent as System.CommandLine.Parsing.CommandResult)
        {
            if (at.Command is not RootCommand)
            {
                names.Push(at.Command.Name);
            }
        }

        return names.Append("");
    }

    private static Command Up()
    {
        var data = Verbs.Text("--data", "data directory");
        var listen = new Option<string>("--listen") { Description = "ADDR:PORT", DefaultValueFactory = _ => "127.0.0.1:8686" };
        var chips = Verbs.Text("--chips", "divide the chips: cpu:1,cpu-scalar:1");
        var store = Verbs.Text("--store", StoreChoice.Help);
        var engines = new Option<string[]>("--engine") { Description = "local, slurm; several may be given (kubernetes is not in this release)" };
        var partitions = new Option<string[]>("--slurm-partition") { Description = "partitions to use, the preferred one first; all if left out" };
        var account = Verbs.Text("--slurm-account", "Slurm account that jobs are charged to");
        var folder = Verbs.Text("--slurm-folder", "folder that every Slurm node sees under the same path; DATA/slurm if left out");
        var fleet = Verbs.Text("--fleet", "YAML file of simulated nodes, shown as such everywhere");
        var currency = new Option<string>("--currency") { Description = "of a new cloud", DefaultValueFactory = _ => "USD" };
        var insecure = new Option<bool>("--insecure") { Description = "plain HTTP on an address that other machines reach" };
        var certificate = Verbs.Text("--certificate", "PEM file, for HTTPS");
        var certificateKey = Verbs.Text("--certificate-key", "PEM file");
        return Verbs.Local("up", "the cloud on this machine: control plane, gateway, local engine", (parsed, _) => UpCommand.RunAsync(new UpOptions
        {
            Data = parsed.GetValue(data) ?? Credentials.DefaultDataDirectory,
            Listen = parsed.GetValue(listen)!,
            Chips = parsed.GetValue(chips),
            Store = parsed.GetValue(store),
            Engines = parsed.GetValue(engines) ?? [],
            SlurmPartitions = parsed.GetValue(partitions) ?? [],
            SlurmAccount = parsed.GetValue(account),
            SlurmFolder = parsed.GetValue(folder),
            Fleet = parsed.GetValue(fleet),
            Currency = parsed.GetValue(currency)!,
            Insecure = parsed.GetValue(insecure),
            Certificate = parsed.GetValue(certificate),
            CertificateKey = parsed.GetValue(certificateKey),
        }), data, listen, store, chips, engines, partitions, account, folder, fleet, currency, insecure, certificate, certificateKey);
    }
}
