// Made from modelops/domain/job_types.py by `./modelops test unit --write-docs`.
export const DECLARED_GROUPS = {
  "model": {
    "en": "Model life cycle",
    "fr": "Cycle de vie du modèle"
  },
  "feature": {
    "en": "Feature engineering",
    "fr": "Ingénierie des caractéristiques"
  },
  "supporting": {
    "en": "Supporting",
    "fr": "Compléments"
  }
} as const;
export const DECLARED_TYPES = {
  "training": {
    "group": "model",
    "label": {
      "en": "Training",
      "fr": "Formation"
    },
    "stage": "training",
    "tabs": [
      "logs",
      "life",
      "evidence",
      "properties"
    ]
  },
  "evaluation": {
    "group": "model",
    "label": {
      "en": "Evaluation",
      "fr": "Évaluation"
    },
    "stage": "evaluation",
    "tabs": [
      "logs",
      "life",
      "evidence",
      "properties"
    ]
  },
  "approval": {
    "group": "model",
    "label": {
      "en": "Approval",
      "fr": "Approbation"
    },
    "stage": "approval",
    "tabs": [
      "evidence",
      "logs",
      "life",
      "properties"
    ]
  },
  "deployment": {
    "group": "model",
    "label": {
      "en": "Deployment",
      "fr": "Déploiement"
    },
    "stage": "deployment",
    "tabs": [
      "logs",
      "life",
      "evidence",
      "properties"
    ]
  },
  "retirement": {
    "group": "model",
    "label": {
      "en": "Retirement",
      "fr": "Mise hors service"
    },
    "stage": "retirement",
    "tabs": [
      "logs",
      "life",
      "properties"
    ]
  },
  "batch_prediction": {
    "group": "supporting",
    "label": {
      "en": "Batch prediction",
      "fr": "Prédiction par lots"
    },
    "stage": "batch",
    "tabs": [
      "logs",
      "life",
      "predictions",
      "statistics",
      "properties"
    ]
  },
  "feature_import": {
    "group": "feature",
    "label": {
      "en": "Import",
      "fr": "Importer"
    },
    "stage": "import",
    "tabs": [
      "logs",
      "life",
      "evidence",
      "properties"
    ]
  },
  "feature_run": {
    "group": "feature",
    "label": {
      "en": "Run",
      "fr": "Exécuter"
    },
    "stage": "evaluation",
    "tabs": [
      "logs",
      "life",
      "evidence",
      "properties"
    ]
  },
  "feature_approval": {
    "group": "feature",
    "label": {
      "en": "Approve",
      "fr": "Approuver"
    },
    "stage": "approval",
    "tabs": [
      "evidence",
      "logs",
      "life",
      "properties"
    ]
  },
  "feature_deployment": {
    "group": "feature",
    "label": {
      "en": "Deploy",
      "fr": "Déployer"
    },
    "stage": "deployment",
    "tabs": [
      "logs",
      "life",
      "evidence",
      "properties"
    ]
  },
  "feature_batch": {
    "group": "feature",
    "label": {
      "en": "Batch run",
      "fr": "Exécution par lots"
    },
    "stage": "batch",
    "tabs": [
      "logs",
      "life",
      "features",
      "statistics",
      "properties"
    ]
  },
  "feature_retirement": {
    "group": "feature",
    "label": {
      "en": "Retire",
      "fr": "Mettre hors service"
    },
    "stage": "retirement",
    "tabs": [
      "logs",
      "life",
      "properties"
    ]
  },
  "schedule_change": {
    "group": "supporting",
    "label": {
      "en": "Schedule change",
      "fr": "Changement de planification"
    },
    "stage": "schedule_change",
    "tabs": [
      "logs",
      "life",
      "properties"
    ]
  },
  "compute_statistics": {
    "group": "supporting",
    "label": {
      "en": "Compute statistics",
      "fr": "Statistiques de calcul"
    },
    "stage": "statistics",
    "tabs": [
      "evidence",
      "logs",
      "life",
      "properties"
    ]
  },
  "drift_check": {
    "group": "supporting",
    "label": {
      "en": "Drift check",
      "fr": "Contrôle de dérive"
    },
    "stage": "drift",
    "tabs": [
      "drift",
      "logs",
      "life",
      "properties"
    ]
  },
  "performance_measurement": {
    "group": "supporting",
    "label": {
      "en": "Performance measurement",
      "fr": "Mesure des performances"
    },
    "stage": "performance",
    "tabs": [
      "performance",
      "logs",
      "life",
      "properties"
    ]
  },
  "alert_rule_change": {
    "group": "supporting",
    "label": {
      "en": "Alert rule change",
      "fr": "Modification d'une règle d'alerte"
    },
    "stage": "alert_rule_change",
    "tabs": [
      "logs",
      "life",
      "properties"
    ]
  },
  "connection_check": {
    "group": "supporting",
    "label": {
      "en": "Connection check",
      "fr": "Contrôle des connexions"
    },
    "stage": "connection_check",
    "tabs": [
      "logs",
      "life",
      "properties"
    ]
  },
  "model_import": {
    "group": "model",
    "label": {
      "en": "Model import",
      "fr": "Import du modèle"
    },
    "stage": "import",
    "tabs": [
      "logs",
      "life",
      "evidence",
      "properties"
    ]
  }
} as const;
