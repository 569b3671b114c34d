"""The authors' basic recipe (fact sheet 1.3.2): Adam 1e-4, weight decay 1e-3, 200 epochs, no schedule."""
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-4, weight_decay=1e-3))
train_cfg = dict(type='TrainLoop', max_epochs=200)
